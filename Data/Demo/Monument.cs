namespace GpuCnn.Data.Demo;

/// <summary>A temple with columns, an obelisk or an arch, of stone of any color.</summary>
internal sealed class Monument : IDemoObject
{
    public string Name => "monument";

    public void Draw(Pen pen, ref RandomStream random)
    {
        Color stone = random.NextInt(3) == 0 ? DemoScene.Vivid(ref random)
            : new Color(0.9, 0.82, 0.68).Scaled(random.NextDouble(0.5, 1.08));
        Color shade = stone.Scaled(random.NextDouble(0.5, 0.7));
        pen.Rectangle(shade, -0.9, 0.72, 0.9, 0.85);
        pen.Rectangle(stone, -0.8, 0.6, 0.8, 0.73);
        switch (random.NextInt(3))
        {
            case 0: DrawTemple(pen, stone, shade, columns: 4 + random.NextInt(3), random.NextDouble(-0.35, -0.2)); break;
            case 1: DrawObelisk(pen, stone, shade, random.NextDouble(0.14, 0.22)); break;
            default: DrawArch(pen, stone, shade, random.NextDouble(0.24, 0.36)); break;
        }
    }

    private static void DrawTemple(Pen pen, Color stone, Color shade, int columns, double top)
    {
        pen.Rectangle(shade.Scaled(0.7), -0.7, top, 0.7, 0.6);
        for (int i = 0; i < columns; i++)
        {
            double x = -0.66 + i * 1.32 / (columns - 1);
            pen.Rectangle(stone, x - 0.08, top, x + 0.08, 0.6);
            pen.Rectangle(shade, x + 0.03, top, x + 0.08, 0.6);
        }
        pen.Rectangle(stone, -0.82, top - 0.12, 0.82, top + 0.02);
        pen.Polygon(stone, new(-0.86, top - 0.12), new(0, top - 0.5), new(0.86, top - 0.12));
        pen.Polygon(shade, new(-0.55, top - 0.16), new(0, top - 0.4), new(0.55, top - 0.16));
    }

    private static void DrawObelisk(Pen pen, Color stone, Color shade, double half)
    {
        pen.Rectangle(stone, -0.4, 0.4, 0.4, 0.6);
        pen.Rectangle(shade, 0.1, 0.4, 0.4, 0.6);
        pen.Polygon(stone, new(-half, 0.4), new(-half * 0.65, -0.75), new(0, -0.98), new(half * 0.65, -0.75), new(half, 0.4));
        pen.Polygon(shade, new(half * 0.25, 0.4), new(half * 0.2, -0.75), new(0, -0.98), new(half * 0.65, -0.75), new(half, 0.4));
    }

    private static void DrawArch(Pen pen, Color stone, Color shade, double half)
    {
        const double Top = -0.6;
        pen.Rectangle(stone, -0.72, Top, 0.72, 0.6);
        pen.Rectangle(shade, -0.8, Top - 0.12, 0.8, Top);
        pen.Rectangle(shade, -0.72, Top + 0.22, 0.72, Top + 0.28);
        Color hollow = shade.Scaled(0.4);
        pen.Disc(hollow, 0, -0.02, half);
        pen.Rectangle(hollow, -half, -0.02, half, 0.85);
        foreach (double x in (ReadOnlySpan<double>)[-0.56, 0.56])
        {
            pen.Disc(hollow, x, 0.25, 0.09);
            pen.Rectangle(hollow, x - 0.09, 0.25, x + 0.09, 0.6);
        }
    }
}
