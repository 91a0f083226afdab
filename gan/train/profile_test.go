package train_test

import (
	"slices"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/train"
)

// Phases that are updated one by one do what an iteration makes of them.
func TestPhasesAlone(t *testing.T) {
	for _, shards := range []int{1, 4} {
		s := train.Settings{Batch: 8, Shards: shards, Seed: 5}
		whole, single := newTrainer(t, cpu(t), withoutNorm(), s), newTrainer(t, cpu(t), withoutNorm(), s)
		steps(t, whole, 1)
		for _, p := range single.Game().Phases {
			if p.From > 0 {
				continue // it is not due in the first iteration
			}
			for range max(p.Times, 1) {
				if err := single.Update(p.Name); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := single.Iterations(); n != 0 {
			t.Errorf("%d iterations were counted", n)
		}
		if err := single.Update("chess"); err == nil {
			t.Error("a phase that there is not was updated")
		}
		want, got := snapshot(t, whole), snapshot(t, single)
		for i, a := range want.Arrays {
			if !slices.Equal(got.Arrays[i].Values, a.Values) {
				t.Errorf("%d shards: %s differs", shards, a.Name)
			}
		}
	}
}

func snapshot(t *testing.T, tr *train.Trainer) *train.Model {
	t.Helper()
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The programs hold all work of the plan, each phase as often as it runs.
func TestPhasePrograms(t *testing.T) {
	for _, shards := range []int{1, 4} {
		s := train.Settings{Batch: 8, Shards: shards, Seed: 5}
		tr := newTrainer(t, cpu(t), game(), s)
		plan, err := train.NewPlan(game(), s, dataOf(30))
		if err != nil {
			t.Fatal(err)
		}
		steps(t, tr, 2) // from here on all phases are due
		if n := tr.Cycle(); n != 3 {
			t.Errorf("a cycle of %d iterations, want 3", n)
		}
		phases, err := tr.PhasePrograms()
		if err != nil {
			t.Fatal(err)
		}
		flops := 0.0
		for i, p := range phases {
			of := tr.Game().Phases[i]
			if want := float64(max(of.Times, 1)) / float64(max(of.Every, 1)); p.Name != of.Name || p.Share != want {
				t.Errorf("%s makes %v updates an iteration, want %v", p.Name, p.Share, want)
			}
			work, runs := 0.0, 0
			for _, q := range p.Programs {
				runs += q.Runs
				if n := len(q.Program.Steps); q.Draws > n || q.Update > n || q.Update < q.Draws && q.Draws < n {
					t.Errorf("%s: %d of %d steps draw, those from %d on update", q.Program.Name, q.Draws, n, q.Update)
				}
				for _, step := range q.Program.Steps {
					work += float64(q.Runs) * program.FLOPs(step.Op)
				}
			}
			// All is one program, or there are draws and a body for each shard, results that are kept and added for all but
			// one, and the update.
			if want := 2*shards + 2*(shards-1) + 1; runs != want && shards > 1 || runs != 1 && shards == 1 {
				t.Errorf("%d shards: %d programs are run, want %d", shards, runs, want)
			}
			flops += work * float64(max(of.Times, 1))
		}
		if want, _ := plan.Work(); flops != want {
			t.Errorf("%d shards: the phases' programs do %v FLOP, the plan says %v", shards, flops, want)
		}
		arrays, err := plan.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		larger, err := train.New(cpu(t), game(), s, dataOf(40))
		if err != nil {
			t.Fatal(err)
		}
		defer larger.Close()
		n := tr.DeviceBytes()
		if n < int(arrays) || larger.DeviceBytes() != n+10*(8*8*3+3) {
			t.Errorf("%d shards: %d bytes on the device, the arrays have %d; %d with ten rows more", shards, n, arrays, larger.DeviceBytes())
		}
	}
}
