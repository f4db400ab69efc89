"""The main job on real data: published models fitted by every backend, number beside printed number."""
