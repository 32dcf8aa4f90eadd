"""A generation's life: charged and recorded, run by a worker under a lease, finished or given back."""
