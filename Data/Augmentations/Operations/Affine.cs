using System.Runtime.InteropServices;

namespace GpuCnn.Data;

/// <summary>
/// Moves pixels by an affine map, the nearest one and black where there is none: Pillow's Image.transform(AFFINE, NEAREST), in its 16.16
/// fixed
/// point (src/libImaging/Geometry.c).
/// </summary>
/// <param name="A">Of the column that the pixel at column x, row y comes from: a x + b y + c.</param>
/// <param name="D">Of the row: d x + e y + f.</param>
internal readonly record struct Affine(double A, double B, double C, double D, double E, double F)
{
    /// <summary>
    /// Sheared by the tangents <paramref name="x"/> and <paramref name="y"/> from the top left corner: torchvision's ShearX and ShearY.
    /// </summary>
    public static Affine Shear(double x, double y)
    {
        // By way of the angles in degrees, as torchvision goes, so that every bit is its.
        double sx = Radians(Degrees(Math.Atan(x))), sy = Radians(Degrees(Math.Atan(y)));
        double a = Math.Cos(-sy) / Math.Cos(sy), b = -Math.Cos(-sy) * Math.Tan(sx) / Math.Cos(sy);
        double c = Math.Sin(-sy) / Math.Cos(sy), d = -Math.Sin(-sy) * Math.Tan(sx) / Math.Cos(sy) + 1;
        return new Affine(d, -b, 0, -c, a, 0);
    }

    /// <summary>Moved to the right and down by whole pixels.</summary>
    public static Affine Translation(int x, int y) => new(1, 0, -x, 0, 1, -y);

    /// <summary>Turned counterclockwise around the centre: Image.rotate.</summary>
    public static Affine Rotation(double degrees, int width, int height)
    {
        double angle = -Radians(degrees), cos = Math.Round(Math.Cos(angle), 15), sin = Math.Round(Math.Sin(angle), 15);
        double x = width / 2.0, y = height / 2.0;
        return new Affine(cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y);
    }

    /// <summary>Moves the pixels of a picture.</summary>
    public void Apply(PictureCanvas canvas)
    {
        if (this == new Affine(1, 0, 0, 0, 1, 0)) return;
        Picture target = canvas.Blank();
        if (target.Channels == 1) Move(canvas.Pixels, PictureCanvas.PixelsOf(target), target.Width, target.Height);
        else Move(MemoryMarshal.Cast<byte, uint>(canvas.Pixels), MemoryMarshal.Cast<byte, uint>(PictureCanvas.PixelsOf(target)),
            target.Width, target.Height);
        canvas.Swap();
    }

    private void Move<T>(ReadOnlySpan<T> source, Span<T> target, int width, int height) where T : unmanaged
    {
        long stepX = Fixed(A), stepY = Fixed(D), rowX = Fixed(B), rowY = Fixed(E);
        long firstX = Fixed(C + A * 0.5 + B * 0.5), firstY = Fixed(F + D * 0.5 + E * 0.5);
        for (int y = 0; y < height; y++, firstX += rowX, firstY += rowY)
        {
            long atX = firstX, atY = firstY;
            Span<T> row = target.Slice(y * width, width);
            for (int x = 0; x < width; x++, atX += stepX, atY += stepY)
            {
                long fromX = atX >> 16, fromY = atY >> 16;
                row[x] = (ulong)fromX < (ulong)width && (ulong)fromY < (ulong)height ? source[(int)fromY * width + (int)fromX] : default;
            }
        }
    }

    private static long Fixed(double value) => (long)Math.Floor(value * 65536.0 + 0.5);

    private static double Radians(double degrees) => degrees * (Math.PI / 180.0);

    private static double Degrees(double radians) => radians * (180.0 / Math.PI);
}
