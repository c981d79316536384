namespace GpuCnn.Data.Demo;

/// <summary>
/// Draws what all demo pictures share. Background, pose, light and noise have the same distributions for every class, so that only the
/// object's shape distinguishes classes.
/// </summary>
internal static class DemoScene
{
    public const int Side = 64;

    /// <summary>Draws picture <paramref name="index"/> of one class in one split.</summary>
    public static PixelImage Draw(IDemoObject subject, ulong seed, ulong split, ulong index)
    {
        RandomStream random = new(seed, split, index);
        Canvas canvas = new(Side, Side);
        DrawBackground(canvas, ref random);

        double size = random.NextDouble(18, 28), stretch = random.NextDouble(0.88, 1.14);
        Point axis = Pen.Direction(random.NextDouble(-0.025, 0.025));
        double mirror = random.NextBool() ? -1 : 1, room = Side / 2.0 - size * 0.8;
        Point centre = new(Side / 2.0 + random.NextDouble(-room, room), Side / 2.0 + random.NextDouble(-room, room));
        Point right = new(axis.X * size * stretch * mirror, axis.Y * size * stretch * mirror),
            down = new(-axis.Y * size / stretch, axis.X * size / stretch);
        Pen pen = new(canvas, centre, right, down);
        pen.Ellipse(new Color(0.12, 0.12, 0.13), new Point(0, 0.86), random.NextDouble(0.5, 1.0), 0.07, new Point(1, 0));
        subject.Draw(pen, ref random);
        return canvas.ToImage(ref random, random.NextDouble(0.03, 0.14));
    }

    /// <summary>A saturated color of any hue.</summary>
    public static Color Vivid(ref RandomStream random)
    {
        double hue = random.NextDouble(0, 6), low = random.NextDouble(0.05, 0.35), high = random.NextDouble(0.65, 1.0);
        return new Color(Ramp(hue), Ramp(hue + 4), Ramp(hue + 2));

        double Ramp(double h)
        {
            h -= h >= 6 ? 6 : 0;
            double t = h < 1 ? h : h < 3 ? 1 : h < 4 ? 4 - h : 0;
            return low + (high - low) * t;
        }
    }

    private static void DrawBackground(Canvas canvas, ref RandomStream random)
    {
        Color skyTop = new(random.NextDouble(0.2, 0.75), random.NextDouble(0.35, 0.8), random.NextDouble(0.5, 1.0));
        Color skyLow = skyTop.Towards(new Color(1, random.NextDouble(0.7, 1), random.NextDouble(0.5, 1)), random.NextDouble(0.2, 0.8));
        Color near = Ground(ref random), far = near.Towards(skyLow, random.NextDouble(0.2, 0.5));
        double light = random.NextDouble(0.65, 1.05), horizon = random.NextDouble(0.3, 0.85) * Side;
        double[] texture = Texture(ref random);
        double roughness = random.NextDouble(0.05, 0.35);
        for (int y = 0; y < canvas.Height; y++)
        {
            bool isSky = y < horizon;
            double t = isSky ? y / horizon : (y - horizon) / (Side - horizon);
            Color row = isSky ? skyTop.Towards(skyLow, t) : far.Towards(near, t);
            for (int x = 0; x < canvas.Width; x++)
                canvas.SetPixel(x, y, row.Scaled(light * (1 + roughness * (texture[y * Side + x] - 0.5) * (isSky ? 0.5 : 1))));
        }
        Pen pen = new(canvas, new Point(0, 0), new Point(Side, 0), new Point(0, Side));
        int things = random.NextInt(5);
        for (int i = 0; i < things; i++)
        {
            // Clouds, bushes, stones: blobs that appear with every class.
            double y = random.NextDouble();
            Color color = y * Side < horizon ? skyLow.Towards(new Color(1, 1, 1), 0.6) : Ground(ref random);
            pen.Ellipse(
                color.Scaled(light), new Point(random.NextDouble(), y), random.NextDouble(0.04, 0.2), random.NextDouble(0.03, 0.09),
                Pen.Direction(random.NextDouble(-0.05, 0.05)));
        }
    }

    private static Color Ground(ref RandomStream random) => random.NextInt(3) switch
    {
        0 => new Color(random.NextDouble(0.15, 0.4), random.NextDouble(0.4, 0.7), random.NextDouble(0.1, 0.3)),
        1 => new Color(random.NextDouble(0.55, 0.8), random.NextDouble(0.45, 0.65), random.NextDouble(0.3, 0.45)),
        _ => new Color(0.42, 0.42, 0.45).Scaled(random.NextDouble(0.6, 1.5)),
    };

    /// <summary>[Side, Side] of 0 to 1: random values on a coarse grid, blended linearly.</summary>
    private static double[] Texture(ref RandomStream random)
    {
        const int Cells = 12;
        Span<double> grid = stackalloc double[(Cells + 1) * (Cells + 1)];
        foreach (ref double value in grid) value = random.NextDouble();
        double[] texture = new double[Side * Side];
        for (int y = 0; y < Side; y++)
        {
            double gridY = y * (double)Cells / Side, ty = gridY - (int)gridY;
            for (int x = 0; x < Side; x++)
            {
                double gridX = x * (double)Cells / Side, tx = gridX - (int)gridX;
                int p = (int)gridY * (Cells + 1) + (int)gridX;
                double upper = grid[p] + (grid[p + 1] - grid[p]) * tx,
                    lower = grid[p + Cells + 1] + (grid[p + Cells + 2] - grid[p + Cells + 1]) * tx;
                texture[y * Side + x] = upper + (lower - upper) * ty;
            }
        }
        return texture;
    }
}
