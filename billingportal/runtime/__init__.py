"""The processes of a running portal: web server, worker, and the supervisor that starts them."""
