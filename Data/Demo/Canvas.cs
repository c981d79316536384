namespace GpuCnn.Data.Demo;

/// <summary>A point or a direction in pixels or in a drawing's own units.</summary>
internal readonly record struct Point(double X, double Y);

/// <summary>A color with values from 0 to 1.</summary>
internal readonly record struct Color(double R, double G, double B)
{
    public Color Scaled(double factor) => new(R * factor, G * factor, B * factor);

    public Color Towards(Color other, double t) => new(R + (other.R - R) * t, G + (other.G - G) * t, B + (other.B - B) * t);
}

/// <summary>
/// An antialiased rasterizer of polygons: four scanlines per pixel row, exact along each. It uses only IEEE-exact operations (no functions
/// of a math library), so that every machine draws the same pixels.
/// </summary>
internal sealed class Canvas(int width, int height)
{
    private const int ScansPerRow = 4;

    private readonly double[] _values = new double[width * height * 3];
    private readonly double[] _coverage = new double[width + 1];
    private readonly List<double> _crossings = [];

    public int Width => width;

    public int Height => height;

    public void SetPixel(int x, int y, Color color)
    {
        int p = (y * width + x) * 3;
        (_values[p], _values[p + 1], _values[p + 2]) = (color.R, color.G, color.B);
    }

    /// <summary>Fills the even-odd interior of a closed polygon, over the present pixels.</summary>
    public void Fill(ReadOnlySpan<Point> polygon, Color color, double opacity = 1)
    {
        double top = double.MaxValue, bottom = double.MinValue;
        foreach (Point point in polygon) (top, bottom) = (Math.Min(top, point.Y), Math.Max(bottom, point.Y));
        int firstRow = (int)Math.Clamp(Math.Floor(top), 0, height), endRow = (int)Math.Clamp(Math.Ceiling(bottom), 0, height);
        for (int row = firstRow; row < endRow; row++)
        {
            Array.Clear(_coverage);
            for (int scan = 0; scan < ScansPerRow; scan++) Cover(polygon, row + (scan + 0.5) / ScansPerRow);
            Blend(row, color, opacity / ScansPerRow);
        }
    }

    /// <summary>Returns the picture with noise of the given amplitude added.</summary>
    public PixelImage ToImage(ref RandomStream random, double noise)
    {
        PixelImage image = new(width, height, 3);
        for (int i = 0; i < _values.Length; i++)
        {
            // The sum of three uniform numbers is close enough to a normal distribution.
            ulong bits = random.NextUInt64();
            double sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF);
            double value = _values[i] + (sum / 65536 - 1.5) * noise;
            image.Pixels[i] = (byte)Math.Clamp(value * 255 + 0.5, 0, 255);
        }
        return image;
    }

    private void Cover(ReadOnlySpan<Point> polygon, double y)
    {
        _crossings.Clear();
        Point previous = polygon[^1];
        foreach (Point point in polygon)
        {
            if (previous.Y <= y != point.Y <= y)
                _crossings.Add(previous.X + (y - previous.Y) / (point.Y - previous.Y) * (point.X - previous.X));
            previous = point;
        }
        _crossings.Sort();
        for (int i = 0; i + 1 < _crossings.Count; i += 2)
        {
            double from = Math.Clamp(_crossings[i], 0, width), to = Math.Clamp(_crossings[i + 1], 0, width);
            int first = (int)from, last = (int)to;
            if (first == last)
            {
                _coverage[first] += to - from;
                continue;
            }
            _coverage[first] += first + 1 - from;
            for (int x = first + 1; x < last; x++) _coverage[x] += 1;
            _coverage[last] += to - last;
        }
    }

    private void Blend(int row, Color color, double weight)
    {
        for (int x = 0, p = row * width * 3; x < width; x++, p += 3)
        {
            double alpha = _coverage[x] * weight;
            if (alpha <= 0) continue;
            _values[p] += (color.R - _values[p]) * alpha;
            _values[p + 1] += (color.G - _values[p + 1]) * alpha;
            _values[p + 2] += (color.B - _values[p + 2]) * alpha;
        }
    }
}
