package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"gangpu/engine"
	"gangpu/engine/cuda"

	"github.com/urfave/cli/v2"
)

func devicesCommand() *cli.Command {
	return &cli.Command{
		Name:   "devices",
		Usage:  "list what gangpu can train on, and why it cannot use a GPU",
		Action: devices,
	}
}

func devices(c *cli.Context) error {
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tNAME\tMEMORY\tNOTE")
	dev, _, err := openNamed("cpu", engine.DeviceOptions{})
	if err != nil {
		return err
	}
	info := dev.Info()
	if err := dev.Close(); err != nil {
		return err
	}
	fmt.Fprintf(w, "cpu\t%s\t%s\t\n", info.Description, memoryString(info.Memory))

	cards, version, err := engine.GPUs()
	none := (*cuda.NoDeviceError)(nil)
	if err != nil && !errors.As(err, &none) {
		return fmt.Errorf("asking for GPUs: %w", err)
	}
	for _, card := range cards {
		note := card.Problem
		if note == "" {
			note = fmt.Sprintf("driver for CUDA %d.%d", version/1000, version%1000/10)
		} else {
			note = "cannot be used: " + note
		}
		fmt.Fprintf(w, "cuda:%d\t%s, compute capability %d.%d, %d multiprocessors\t%s\t%s\n", card.Ordinal, card.Name,
			card.Major, card.Minor, card.Processors, memoryString(card.Memory), note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(cards) > 0 {
		_, err = fmt.Fprintln(c.App.Writer, ncclLine())
		return err
	}
	if none != nil {
		how := ""
		if !engine.CUDA {
			how = "; make build or make install in gangpu's source, where there is a C compiler, makes the command that uses GPUs"
		}
		_, err = fmt.Fprintf(c.App.Writer, "no GPU: %s%s\n", none.Reason, how)
		return err
	}
	return nil
}

func memoryString(bytes uint64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
