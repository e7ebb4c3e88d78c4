"""What the operating system gives: child processes, ports, the home folder, the broker behind it.

Above the settings, below all that knows of masks or photos.
"""
