namespace GpuCnn.Data;

/// <summary>A rectangle of pixels with its top left corner at (<paramref name="X"/>, <paramref name="Y"/>).</summary>
public readonly record struct Window(int X, int Y, int Width, int Height)
{
    /// <summary>The column after its last.</summary>
    public int Right => X + Width;

    /// <summary>The row after its last.</summary>
    public int Bottom => Y + Height;

    /// <summary>All of a picture.</summary>
    public static Window Whole(int width, int height) => new(0, 0, width, height);

    /// <summary>Whether it has pixels, all within <paramref name="other"/>.</summary>
    public bool LiesIn(Window other) =>
        Width > 0 && Height > 0 && X >= other.X && Y >= other.Y
        && (long)X + Width <= (long)other.X + other.Width && (long)Y + Height <= (long)other.Y + other.Height;

    public override string ToString() => $"{Width}x{Height} at ({X}, {Y})";
}
