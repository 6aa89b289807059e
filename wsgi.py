"""The service for any WSGI server: `granian --interface wsgi wsgi:app`."""

from recsvc.app import create_app

app = create_app()
