"""What a logo may cost to draw, and how large it is kept."""

CPU_SECONDS = 3
WALL_SECONDS = 60  # of a machine so busy that the seconds of CPU do not pass
MEMORY_MEBIBYTES = 768
BOX_PIXELS = (720, 240)  # wider and higher than a report prints at 300 dpi: 60 × 11 mm
MOST_PIXELS_READ = 16_000_000
MOST_BYTES_KEPT = 140_000  # as base64, within what a profile takes
REFUSED = 3  # the exit code of the drawing program for a picture that cannot be shown
