"""What a web server loads: `gunicorn wsgi:app`. `flask` commands find the application here too."""

import gc

# What loading makes lives as long as the process: collecting while it is made finds nothing and costs a fifth of it.
gc.disable()
from retail.app import create_app  # noqa: E402  collecting must stop before

app = create_app(serves_sockets=True)
gc.freeze()
gc.enable()
