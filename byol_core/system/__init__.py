"""The operating system: files, paths, processes, devices, memory and threads. Nothing here knows about training."""
