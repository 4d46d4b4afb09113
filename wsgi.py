"""What a web server loads: `gunicorn wsgi:app`. `flask` commands find the application here too."""

from retail.app import create_app

app = create_app(serves_sockets=True)
