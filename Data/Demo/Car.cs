namespace GpuCnn.Data.Demo;

/// <summary>A saloon or a hatchback from the side.</summary>
internal sealed class Car : IDemoObject
{
    public string Name => "car";

    public void Draw(Pen pen, ref RandomStream random)
    {
        Color paint = random.NextInt(4) == 0 ? new Color(1, 1, 1).Scaled(random.NextDouble(0.2, 0.95)) : DemoScene.Vivid(ref random);
        Color glass = new Color(0.6, 0.75, 0.85).Scaled(random.NextDouble(0.4, 1.1)), tyre = new(0.08, 0.08, 0.09),
            trim = paint.Scaled(0.6);
        double roof = random.NextDouble(-0.32, -0.15), waist = random.NextDouble(0.15, 0.25), sill = 0.66;
        double bonnet = random.NextDouble(0.45, 0.6), back = random.NextDouble(-0.9, -0.6), wheel = random.NextDouble(0.19, 0.24);
        pen.Polygon(paint, new(back, waist), new(back + 0.18, roof), new(bonnet - 0.28, roof), new(bonnet, waist));
        pen.Polygon(glass, new(back + 0.09, waist), new(back + 0.22, roof + 0.07), new(-0.16, roof + 0.07), new(-0.16, waist));
        pen.Polygon(glass, new(-0.09, waist), new(-0.09, roof + 0.07), new(bonnet - 0.31, roof + 0.07), new(bonnet - 0.08, waist));
        pen.Polygon(
            paint, new(-0.97, waist + 0.06), new(-0.9, waist), new(0.5, waist), new(0.92, waist + 0.1), new(1.0, waist + 0.24),
            new(1.0, sill), new(-0.97, sill));
        pen.Rectangle(trim, -0.97, sill - 0.08, 1.0, sill);
        pen.Ellipse(new Color(1, 0.95, 0.65), new Point(0.93, waist + 0.2), 0.07, 0.055, new Point(1, 0));
        pen.Rectangle(new Color(0.8, 0.1, 0.1), -0.97, waist + 0.1, -0.9, waist + 0.22);
        foreach (double x in (ReadOnlySpan<double>)[-0.58, 0.58])
        {
            pen.Disc(tyre, x, 0.85 - wheel, wheel);
            pen.Disc(new Color(0.7, 0.7, 0.72), x, 0.85 - wheel, wheel * 0.5);
        }
    }
}
