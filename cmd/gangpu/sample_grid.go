package main

import "gangpu/gan"

// sampleGrid is how every grid of samples is drawn.
var sampleGrid = gan.Grid{Gap: 4, Scale: 3}
