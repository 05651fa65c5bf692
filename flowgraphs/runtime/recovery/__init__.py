"""What lets a process go on where another one was killed."""
