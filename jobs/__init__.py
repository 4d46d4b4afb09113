"""What runs beside the web: supervisor, worker, scheduler and slow work. It imports `retail`, never the reverse."""
