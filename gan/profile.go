package gan

import "gangpu/engine/program"

// TrainingStep is one of the two programs that a trainer's iterations are made of, for those who
// measure it. Running or profiling the executable makes a step of training like any other, but
// outside the alternation: the trainer counts no iteration.
type TrainingStep struct {
	Program    *program.Program
	Executable program.Executable // of the trainer, which closes it
}

// TrainingSteps returns the trainer's steps as they are loaded on its device.
func (t *Trainer) TrainingSteps() (discriminator, generator TrainingStep, err error) {
	discriminator.Executable, generator.Executable = t.stepD, t.stepG
	if discriminator.Program, err = t.steps().stepD(t.images); err != nil {
		return
	}
	generator.Program, err = t.steps().stepG()
	return
}

// DeviceBytes is the memory that the trainer holds on its device: dataset, parameters, optimizer,
// activations, and whatever the device's kernels work in.
func (t *Trainer) DeviceBytes() int {
	n := 0
	for _, m := range t.arrays.bindings {
		n += m.Len() * m.DType().Size()
	}
	for _, o := range t.arrays.owned {
		if e, ok := o.(program.Executable); ok {
			n += e.ScratchBytes()
		}
	}
	return n
}
