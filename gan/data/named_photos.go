package data

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"image/color"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"

	"gangpu/internal/fetch"
)

const (
	photosName   = "photos"
	photosCredit = "the photographs are twelve of Debian's package mate-backgrounds, under the GPL, version 2 or later; its file copyright names their authors"
)

// mateBackgrounds is a package with photographs of nature.
var mateBackgrounds = fetch.Set{
	Name: "mate-backgrounds", Debian: "mate-backgrounds=1.26.0-1",
	Files: []fetch.File{{Name: "mate-backgrounds_1.26.0-1_all.deb", Size: 46638500,
		SHA256: "7bf4c2209f34b4f61ba6d24c8b58c28b361e82e4b943aae6d42c030169af9e04"}},
}

// photosTested are the photographs that nothing is trained on.
var photosTested = []string{"FreshFlower", "RainDrops", "YellowFlower"}

// makePhotos shrinks the photographs to a third, as they are smoother than what they show, and cuts the tiles that have
// much to see.
func makePhotos(ctx context.Context, o Options, put putPicture) (err error) {
	deb, err := fetched(ctx, o, mateBackgrounds, "apt-get download, where Debian 12 is,")
	if err != nil {
		return err
	}
	// The archive in the package is compressed as its own program alone knows for sure.
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("reading %s: %w", deb, err)
	}
	err = eachPhoto(tar.NewReader(stdout), put)
	if _, drained := io.Copy(io.Discard, stdout); err == nil {
		err = drained
	}
	if err = errors.Join(err, cmd.Wait()); err != nil {
		return fmt.Errorf("reading %s: %w", deb, err)
	}
	return nil
}

func eachPhoto(archive *tar.Reader, put putPicture) error {
	for {
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if path.Dir(path.Clean(h.Name)) != "usr/share/backgrounds/mate/nature" || h.Typeflag != tar.TypeReg {
			continue
		}
		img, err := readJPEG(archive)
		if err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
		size := img.Bounds().Size()
		small := opaque(shrink(img, size.X/3, size.Y/3), color.Black)
		name, split := strings.TrimSuffix(path.Base(h.Name), ".jpg"), "train"
		if slices.Contains(photosTested, name) {
			split = "test"
		}
		for _, tile := range tiles(small, small.Bounds(), tileSide, 15) {
			if err := put(fmt.Sprintf("%s/%s/%04d-%04d.png", split, name, tile.Min.Y, tile.Min.X), small.SubImage(tile)); err != nil {
				return err
			}
		}
	}
}
