namespace GpuCnn.Data.Demo;

/// <summary>
/// Draws in an object's units, whose box is [-1, 1] with y downwards, at the object's pose on the canvas.
/// </summary>
/// <param name="canvas">The canvas to draw on.</param>
/// <param name="centre">The object's center in pixels.</param>
/// <param name="right">The pixels of one unit to the right.</param>
/// <param name="down">The pixels of one unit downwards.</param>
internal sealed class Pen(Canvas canvas, Point centre, Point right, Point down)
{
    private const int PointsPerQuarter = 8;

    /// <summary>A circle from the rational parametrization, which needs no sine.</summary>
    private static readonly Point[] Circle = MakeCircle();

    public void Polygon(Color color, params ReadOnlySpan<Point> points)
    {
        Span<Point> placed = stackalloc Point[points.Length];
        for (int i = 0; i < points.Length; i++) placed[i] = Place(points[i]);
        canvas.Fill(placed, color);
    }

    public void Rectangle(Color color, double left, double top, double rightEdge, double bottom) =>
        Polygon(color, new Point(left, top), new Point(rightEdge, top), new Point(rightEdge, bottom), new Point(left, bottom));

    /// <summary>
    /// Draws an ellipse around <paramref name="middle"/> whose first half axis points along <paramref name="axis"/>, a unit vector.
    /// </summary>
    public void Ellipse(Color color, Point middle, double along, double across, Point axis)
    {
        Span<Point> points = stackalloc Point[Circle.Length];
        for (int i = 0; i < Circle.Length; i++)
        {
            double a = Circle[i].X * along, b = Circle[i].Y * across;
            points[i] = new Point(middle.X + a * axis.X - b * axis.Y, middle.Y + a * axis.Y + b * axis.X);
        }
        Polygon(color, points);
    }

    public void Disc(Color color, double x, double y, double radius) => Ellipse(color, new Point(x, y), radius, radius, new Point(1, 0));

    /// <summary>
    /// The unit vector at a fraction of a full turn: a short Taylor series for a sixteenth of the angle, squared four times.
    /// </summary>
    public static Point Direction(double turns)
    {
        double angle = turns * (2 * Math.PI / 16), square = angle * angle;
        double c = 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56)));
        double s = angle * (1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72))));
        for (int i = 0; i < 4; i++) (c, s) = (c * c - s * s, 2 * c * s);
        return new Point(c, s);
    }

    private Point Place(Point point) =>
        new(centre.X + right.X * point.X + down.X * point.Y, centre.Y + right.Y * point.X + down.Y * point.Y);

    private static Point[] MakeCircle()
    {
        List<Point> points = [];
        Point quarter = new(1, 0);
        for (int q = 0; q < 4; q++, quarter = new Point(-quarter.Y, quarter.X))
        {
            for (int i = 0; i < PointsPerQuarter; i++)
            {
                double t = (double)i / PointsPerQuarter, c = (1 - t * t) / (1 + t * t), s = 2 * t / (1 + t * t);
                points.Add(new Point(c * quarter.X - s * quarter.Y, c * quarter.Y + s * quarter.X));
            }
        }
        return [.. points];
    }
}
