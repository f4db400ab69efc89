"""What follows a fit by simulating, refitting and profiling; each public function is a method of the model too."""
