"""The parts of pages, in a room for each page and one for what several pages share."""
