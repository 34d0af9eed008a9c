"""Station 7: crews put signs up; the server's side of the phone page."""
