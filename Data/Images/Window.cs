namespace GpuCnn.Data;

/// <summary>A rectangle of pixels: from (<paramref name="X"/>, <paramref name="Y"/>) on, from the top left.</summary>
public readonly record struct Window(int X, int Y, int Width, int Height)
{
    /// <summary>The first column behind it.</summary>
    public int Right => X + Width;

    /// <summary>The first row below it.</summary>
    public int Bottom => Y + Height;

    /// <summary>All of a picture.</summary>
    public static Window Whole(int width, int height) => new(0, 0, width, height);

    /// <summary>Whether it has pixels, and all of them lie within <paramref name="other"/>.</summary>
    public bool LiesIn(Window other) =>
        Width > 0 && Height > 0 && X >= other.X && Y >= other.Y
        && (long)X + Width <= (long)other.X + other.Width && (long)Y + Height <= (long)other.Y + other.Height;

    public override string ToString() => $"{Width}x{Height} at ({X}, {Y})";
}
