"""Parts of `gpu_segment.py`: how long one window of the diffusion model takes on a GPU, by way of computing it."""
