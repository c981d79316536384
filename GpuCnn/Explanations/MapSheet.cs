using GpuCnn.Data;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>
/// A picture of a layer's output: its first maps in gray, each pixel a value; black is the smallest value shown, white the largest.
/// A vector is one map, row by row.
/// </summary>
internal sealed class MapSheet
{
    /// <summary>Most maps of a layer, most units of a vector, and how many are side by side.</summary>
    private const int MostMaps = 64, MostUnits = 4096, MapColumns = 8, UnitColumns = 64;

    /// <param name="pixels">Most pixels of the picture; one map is drawn in any case.</param>
    public MapSheet(Node layer, Tensor output, int pixels)
    {
        Layer = layer;
        Shape shape = layer.Output.Shape;
        Total = Activations.MapCount(shape);
        if (shape.IsVector)
        {
            // All units are one picture.
            Shown = Math.Min(Total, MostUnits);
            Width = Math.Min(Shown, UnitColumns);
            Height = (Shown + Width - 1) / Width;
        }
        else
        {
            (Width, Height) = (shape.Width, shape.Height);
            Shown = Math.Clamp(pixels / shape.Area, 1, Math.Min(Total, MostMaps));
        }
        int pictures = shape.IsVector ? 1 : Shown;
        float[] values = output.Values[..(shape.IsVector ? Shown : Shown * shape.Area)];
        int count = values.Length;
        Values = values;
        (Least, Most) = (values.Min(), values.Max());
        float range = Most > Least ? Most - Least : 1;
        Grid = new PictureGrid(pictures, MapColumns, Width, Height, channels: 1);
        for (int picture = 0; picture < pictures; picture++)
        {
            var map = new PixelImage(Width, Height, 1);
            int area = Width * Height;
            for (int i = 0; i < area && picture * area + i < count; i++)
                map.Pixels[i] = (byte)Math.Round(255 * (values[picture * area + i] - Least) / range);
            Grid.Put(picture, map);
        }
    }

    public Node Layer { get; }

    /// <summary>Maps, or units of a vector, that are shown.</summary>
    public int Shown { get; }

    /// <summary>Maps or units of the layer.</summary>
    public int Total { get; }

    public int Width { get; }

    public int Height { get; }

    /// <summary>The value that is black.</summary>
    public float Least { get; }

    /// <summary>The value that is white.</summary>
    public float Most { get; }

    /// <summary>The values that are shown, map by map.</summary>
    public float[] Values { get; }

    public PictureGrid Grid { get; }
}
