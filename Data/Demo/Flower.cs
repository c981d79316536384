namespace GpuCnn.Data.Demo;

/// <summary>A blossom of five to nine petals on a stem with leaves.</summary>
internal sealed class Flower : IDemoObject
{
    public string Name => "flower";

    public void Draw(Pen pen, ref RandomStream random)
    {
        Color petal = random.NextInt(5) == 0 ? new Color(0.97, 0.97, 0.95) : DemoScene.Vivid(ref random);
        Color heart = random.NextBool() ? new Color(0.95, 0.8, 0.15) : new Color(0.35, 0.2, 0.1);
        Color green = new Color(0.2, 0.6, 0.15).Scaled(random.NextDouble(0.6, 1.2));
        Point head = new(random.NextDouble(-0.12, 0.12), random.NextDouble(-0.4, -0.2));
        double reach = random.NextDouble(0.45, 0.58), foot = random.NextDouble(-0.15, 0.15);
        pen.Polygon(green, new(head.X - 0.04, head.Y), new(head.X + 0.04, head.Y), new(foot + 0.05, 0.85), new(foot - 0.05, 0.85));
        int leaves = 1 + random.NextInt(3);
        for (int i = 0; i < leaves; i++)
        {
            double side = i % 2 == 0 ? 1 : -1, y = random.NextDouble(0.4, 0.7), length = random.NextDouble(0.18, 0.28);
            Point axis = Pen.Direction(random.NextDouble(-0.15, -0.05) * side);
            pen.Ellipse(green.Scaled(random.NextDouble(0.8, 1.1)), new Point(foot + side * length * 0.9, y), length, 0.09, axis);
        }
        int petals = 5 + random.NextInt(5);
        double turn = random.NextDouble(), width = reach * random.NextDouble(1.2, 1.7) / petals;
        for (int i = 0; i < petals; i++)
        {
            Point axis = Pen.Direction(turn + (double)i / petals);
            Point middle = new(head.X + axis.X * reach * 0.55, head.Y + axis.Y * reach * 0.55);
            pen.Ellipse(petal.Scaled(i % 2 == 0 ? 1 : 0.86), middle, reach * 0.5, width, axis);
        }
        pen.Disc(heart, head.X, head.Y, reach * random.NextDouble(0.24, 0.34));
    }
}
