"""The queue of background work: names of jobs, putting them in, running them."""
