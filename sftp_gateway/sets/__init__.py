"""When the files of a drop are a set: manifest, trigger, ZIP, expected set, quiet period, deadline."""
