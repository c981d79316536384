using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>A part of an image that excites a map.</summary>
/// <param name="Image">Name of the image.</param>
/// <param name="Row">Row of the map with the image's largest value.</param>
/// <param name="Column">Its column.</param>
/// <param name="Picture">The part of the image that the value depends on; outside the image it is gray.</param>
public sealed record ExcitingPatch(string Image, float Value, int Row, int Column, PixelImage Picture);

/// <summary>
/// The patches of images that excite each map of a layer most, one an image (Zeiler and Fergus, 2013, https://arxiv.org/abs/1311.2901).
/// Holds only the best so far, scaled to small pictures, however many images there are.
/// </summary>
public sealed class TopPatches
{
    /// <summary>Patches of each map, and most maps.</summary>
    public const int PerMap = 9, MostMaps = 64;

    /// <summary>Longest side of a patch's picture.</summary>
    private const int Side = 64;

    private const byte Gray = 128;

    private readonly Node _layer;
    private readonly Network _network;
    private readonly ImagePreparation _preparation;
    private readonly List<ExcitingPatch>[] _best;

    internal TopPatches(Network network, Node layer, ImagePreparation preparation)
    {
        (_network, _layer, _preparation) = (network, layer, preparation);
        _best = [.. Enumerable.Range(0, Math.Min(Total, MostMaps)).Select(_ => new List<ExcitingPatch>())];
    }

    /// <summary>The layer's name.</summary>
    public string Layer => Activations.NameOf(_layer);

    /// <summary>Maps of the layer, of which only the first are looked at if there are many.</summary>
    public int Total => Activations.MapCount(_layer.Output.Shape);

    /// <summary>Images looked at.</summary>
    public int Images { get; private set; }

    /// <summary>For each map the patches, the most exciting first.</summary>
    public IReadOnlyList<IReadOnlyList<ExcitingPatch>> Maps => _best;

    /// <summary>Looks at the images of a batch.</summary>
    /// <param name="output">[Images, C, H, W], or [Images, features], of the layer.</param>
    /// <param name="nameOf">Names an image by its place in the batch.</param>
    internal void Add(Batch batch, Tensor output, Func<int, string> nameOf)
    {
        Shape shape = _layer.Output.Shape;
        int width = Activations.Width(shape), area = Activations.Height(shape) * width, maps = Activations.MapCount(shape);
        for (int image = 0; image < batch.Count; image++)
        {
            if (batch.Labels[image] < 0) continue;
            Images++;
            PixelImage? picture = null;
            for (int map = 0; map < _best.Length; map++)
            {
                ReadOnlySpan<float> values = output.Values.AsSpan((image * maps + map) * area, area);
                int largest = 0;
                for (int i = 1; i < area; i++) if (values[i] > values[largest]) largest = i;
                List<ExcitingPatch> best = _best[map];
                // Of equal values, the first image's stays.
                if (best.Count == PerMap && !(values[largest] > best[^1].Value)) continue;
                float value = values[largest];
                int row = largest / width, column = largest % width, place = best.FindIndex(other => value > other.Value);
                picture ??= InputPicture.Of(batch.Image(image), _network.Input, _preparation);
                best.Insert(place < 0 ? best.Count : place, new(nameOf(image), value, row, column, Cut(picture, row, column)));
                if (best.Count > PerMap) best.RemoveAt(PerMap);
            }
        }
    }

    /// <summary>Draws the patches of each map as a square of three by three.</summary>
    public PixelImage Draw()
    {
        PixelImage[] cells = [.. _best.SelectMany(best => best).Select(patch => patch.Picture)];
        int width = cells.Max(cell => cell.Width), height = cells.Max(cell => cell.Height), channels = cells[0].Channels;
        const int inner = 3;
        var sheet = new PictureGrid(_best.Length, (int)Math.Ceiling(Math.Sqrt(_best.Length)), inner * (width + 1) - 1,
            inner * (height + 1) - 1, channels, gap: 6);
        for (int map = 0; map < _best.Length; map++)
        {
            var own = new PictureGrid(PerMap, inner, width, height, channels);
            for (int place = 0; place < _best[map].Count; place++) own.Put(place, _best[map][place].Picture);
            sheet.Put(map, own.Image);
        }
        return sheet.Image;
    }

    /// <summary>Cuts out what one position of the layer depends on.</summary>
    private PixelImage Cut(PixelImage whole, int row, int column)
    {
        Shape input = _network.Input;
        InputRegion region = InputRegion.Of(_network, _layer.Output, row, column);
        // Never more than the image: of a field that is larger, the middle.
        int height = Math.Min(region.Bottom - region.Top, input.Height), width = Math.Min(region.Right - region.Left, input.Width);
        int top = height < input.Height ? region.Top : 0, left = width < input.Width ? region.Left : 0;
        var patch = new PixelImage(width, height, whole.Channels);
        patch.Pixels.AsSpan().Fill(Gray);
        for (int y = Math.Max(0, -top); y < height && top + y < input.Height; y++)
        {
            int first = Math.Max(0, -left), end = Math.Min(width, input.Width - left);
            if (end > first)
                whole.Row(top + y)[((left + first) * whole.Channels)..((left + end) * whole.Channels)]
                    .CopyTo(patch.Row(y)[(first * whole.Channels)..]);
        }
        double scale = (double)Side / Math.Max(width, height);
        return scale >= 1 ? PictureGrid.Enlarge(patch, (int)scale)
            : patch.Resize(Math.Max(1, (int)(width * scale)), Math.Max(1, (int)(height * scale)));
    }
}
