"""What runs beside the web: supervisor, worker, scheduler and the slow work they carry. Imports `retail`, never the reverse."""
