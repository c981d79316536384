namespace GpuCnn.Data.Demo;

/// <summary>A bus from the side: a tall box with a row of windows.</summary>
internal sealed class Bus : IDemoObject
{
    public string Name => "bus";

    public void Draw(Pen pen, ref RandomStream random)
    {
        Color paint = random.NextInt(4) == 0 ? new Color(1, 1, 1).Scaled(random.NextDouble(0.3, 0.95)) : DemoScene.Vivid(ref random);
        Color glass = new Color(0.6, 0.75, 0.85).Scaled(random.NextDouble(0.4, 1.1)), stripe = DemoScene.Vivid(ref random),
            tyre = new(0.08, 0.08, 0.09);
        double roof = random.NextDouble(-0.75, -0.5), floor = 0.7, windowTop = roof + 0.16,
            windowLow = windowTop + random.NextDouble(0.32, 0.42);
        pen.Polygon(paint, new(-1, roof + 0.06), new(-0.95, roof), new(0.93, roof), new(1, roof + 0.1), new(1, floor), new(-1, floor));
        pen.Rectangle(stripe, -1, windowLow + 0.12, 1, windowLow + 0.22);
        int windows = 4 + random.NextInt(3);
        double pitch = 1.55 / windows;
        for (int i = 0; i < windows; i++) pen.Rectangle(glass, -0.92 + i * pitch, windowTop, -0.92 + (i + 0.82) * pitch, windowLow);
        pen.Rectangle(glass.Scaled(0.8), 0.66, windowTop, 0.84, floor - 0.06);
        pen.Rectangle(glass, 0.9, windowTop, 1.0, windowLow + 0.08);
        pen.Rectangle(new Color(1, 0.95, 0.65), 0.94, floor - 0.16, 1.0, floor - 0.06);
        foreach (double x in (ReadOnlySpan<double>)[-0.6, 0.45])
        {
            pen.Disc(tyre, x, 0.68, 0.17);
            pen.Disc(new Color(0.7, 0.7, 0.72), x, 0.68, 0.08);
        }
    }
}
