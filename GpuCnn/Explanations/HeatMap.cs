using GpuCnn.Data;

namespace GpuCnn.Explanations;

/// <summary>How much each part of an image counts for a class.</summary>
/// <param name="Picture">The image in the size that the network gets it.</param>
/// <param name="Class">Index of the class.</param>
/// <param name="Rows">Rows of the values.</param>
/// <param name="Columns">Columns of the values.</param>
/// <param name="Values">[rows, columns], over the whole image.</param>
public sealed record HeatMap(PixelImage Picture, int Class, int Rows, int Columns, IReadOnlyList<float> Values)
{
    /// <summary>Dark violet to yellow: matplotlib's inferno at ninths.</summary>
    private static readonly (byte R, byte G, byte B)[] Colors =
    [
        (0, 0, 4), (31, 12, 72), (85, 15, 109), (136, 34, 106), (186, 54, 85), (227, 89, 51), (249, 140, 10),
        (249, 201, 50), (252, 255, 164),
    ];

    /// <summary>The largest value.</summary>
    public float Largest => Values.Max();

    /// <summary>Draws the values over the gray image, scaled bilinearly and in color; the largest is yellow.</summary>
    public PixelImage Draw()
    {
        var drawn = new PixelImage(Picture.Width, Picture.Height, 3);
        PixelImage gray = Picture.ToGray();
        float largest = Largest;
        for (int y = 0; y < drawn.Height; y++)
        {
            Span<byte> row = drawn.Row(y);
            for (int x = 0; x < drawn.Width; x++)
            {
                float heat = largest > 0 ? Math.Clamp(At(y, x) / largest, 0, 1) : 0;
                (double r, double g, double b) = ColorOf(heat);
                double light = gray.Row(y)[x] * 0.5;
                row[3 * x] = (byte)(light + r * 0.5);
                row[3 * x + 1] = (byte)(light + g * 0.5);
                row[3 * x + 2] = (byte)(light + b * 0.5);
            }
        }
        return drawn;
    }

    /// <summary>The value at a pixel of the picture, between the values around it.</summary>
    public float At(int y, int x)
    {
        (int top, int bottom, float down) = Between(y, Picture.Height, Rows);
        (int left, int right, float across) = Between(x, Picture.Width, Columns);
        float above = Mix(Values[top * Columns + left], Values[top * Columns + right], across);
        float below = Mix(Values[bottom * Columns + left], Values[bottom * Columns + right], across);
        return Mix(above, below, down);

        static float Mix(float a, float b, float share) => a + (b - a) * share;
    }

    private static (int First, int Second, float Share) Between(int pixel, int pixels, int values)
    {
        float place = Math.Clamp((pixel + 0.5f) * values / pixels - 0.5f, 0, values - 1);
        int first = (int)place;
        return (first, Math.Min(first + 1, values - 1), place - first);
    }

    private static (double R, double G, double B) ColorOf(float heat)
    {
        float place = heat * (Colors.Length - 1);
        int first = Math.Min((int)place, Colors.Length - 2);
        float share = place - first;
        (byte R, byte G, byte B) a = Colors[first], b = Colors[first + 1];
        return (a.R + (b.R - a.R) * share, a.G + (b.G - a.G) * share, a.B + (b.B - a.B) * share);
    }
}
