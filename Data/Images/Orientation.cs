namespace GpuCnn.Data;

/// <summary>
/// EXIF's orientation (CIPA DC-008, tag 0x0112): 1 upright, 2 mirrored left to right, 3 turned by 180 degrees, 4 mirrored top to bottom, 5
/// transposed, 6 to be turned clockwise by 90 degrees, 7 transposed along the other diagonal, 8 to be turned counterclockwise by 90
/// degrees.
/// </summary>
internal static unsafe class Orientation
{
    /// <summary>Whether stored rows are shown as columns.</summary>
    private static bool Transposes(int orientation) => orientation >= 5;

    /// <summary>Whether stored columns (rows if transposed) are shown from right to left.</summary>
    private static bool MirrorsX(int orientation) => orientation is 2 or 3 or 6 or 7;

    private static bool MirrorsY(int orientation) => orientation is 3 or 4 or 7 or 8;

    /// <summary>
    /// The window of the stored pixels, <paramref name="width"/> by <paramref name="height"/>, that a shown window needs.
    /// </summary>
    public static Window ToStored(Window shown, int orientation, int width, int height)
    {
        bool transposes = Transposes(orientation);
        int shownWidth = transposes ? height : width, shownHeight = transposes ? width : height;
        int x = MirrorsX(orientation) ? shownWidth - shown.Right : shown.X;
        int y = MirrorsY(orientation) ? shownHeight - shown.Bottom : shown.Y;
        return transposes ? new Window(y, x, shown.Height, shown.Width) : new Window(x, y, shown.Width, shown.Height);
    }

    /// <summary>Turns stored pixels upright.</summary>
    /// <param name="stored">The pixels of <see cref="ToStored"/>.</param>
    /// <param name="orientation">1 to 8.</param>
    /// <param name="shown">The window that <paramref name="target"/> becomes.</param>
    /// <param name="target">Another picture.</param>
    public static void Turn(Picture stored, int orientation, Window shown, Picture target)
    {
        target.Reset(shown, stored.Channels);
        // Index of the stored pixel that is shown first, and the steps to its neighbors on the right and below.
        int columnStep = Transposes(orientation) ? stored.Width : 1, rowStep = Transposes(orientation) ? 1 : stored.Width;
        long first = 0;
        if (MirrorsX(orientation))
        {
            first += (long)columnStep * (shown.Width - 1);
            columnStep = -columnStep;
        }
        if (MirrorsY(orientation))
        {
            first += (long)rowStep * (shown.Height - 1);
            rowStep = -rowStep;
        }
        if (stored.Channels == 1) Gather(stored.Pixels, target.Pixels);
        else Gather((uint*)stored.Pixels, (uint*)target.Pixels);
        GC.KeepAlive(stored);

        void Gather<T>(T* from, T* to) where T : unmanaged
        {
            // Work in squares, so that reads and writes both stay in the first-level cache.
            const int Side = 32;
            for (int top = 0; top < shown.Height; top += Side)
                for (int left = 0; left < shown.Width; left += Side)
                    for (int y = top; y < Math.Min(top + Side, shown.Height); y++)
                    {
                        T* source = from + first + (long)rowStep * y + (long)columnStep * left;
                        T* line = to + (long)y * shown.Width;
                        for (int x = left; x < Math.Min(left + Side, shown.Width); x++, source += columnStep) line[x] = *source;
                    }
        }
    }
}
