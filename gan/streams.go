package gan

// Streams of random numbers, the Stream of a program.Draw. A run's every number is a function of
// its seed, one of these, a step counter and an index, so no two uses share numbers and a
// continued run draws what it would have drawn. Draws of a D step count D's steps, those of a G
// step G's.
const (
	streamImages            = 1      // which real images a D step sees
	streamNoiseD            = 2      // noise of a D step's fakes
	streamNoiseG            = 3      // noise of a G step
	streamSamples           = 4      // noise of samples that are looked at, at step 0
	streamEvaluation        = 5      // noise of the fakes that a model is evaluated with; the step counts batches
	streamClassified        = 6      // which images a step of a classifier sees
	streamShifts            = 7      // by how much its images are shifted; the step counts epochs
	streamInterpolation     = 8      // how far from fake to real an image of the gradient penalty is
	streamClassesD          = 9      // classes of a D step's fakes
	streamClassesG          = 10     // classes of a G step
	streamClassesEvaluation = 11     // classes of the fakes that a model is evaluated with
	streamDropoutD          = 0x1000 // + index of the Dropout layer: masks of D in a D step
	streamDropoutG          = 0x2000 // + index of the Dropout layer: masks of D in a G step
	streamDropoutGenerator  = 0x800  // added to either for the masks of G
	streamGeneratorInit     = 0x3000 // + index of the parameter, at step 0
	streamDiscriminatorInit = 0x4000 // + index of the parameter, at step 0
	streamDropoutClassifier = 0x5000 // + index of the Dropout layer
	streamClassifierInit    = 0x6000 // + index of the parameter, at step 0
	streamDropoutPenalty    = 0x7000 // + index of the Dropout layer: masks of D in the gradient penalty
)
