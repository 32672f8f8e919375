"""What training and processing jobs have in common: their account, their queue, their way from request to end."""
