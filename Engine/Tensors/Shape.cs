namespace GpuCnn.Engine.Tensors;

/// <summary>
/// The shape of one sample: a volume of C channels, H rows and W columns, or a vector of N features.
/// The batch is not part of it: a network is built for one sample, and a plan adds the batch.
/// </summary>
public readonly record struct Shape
{
    private Shape(int channels, int height, int width, bool isVector)
    {
        Channels = Positive(channels, nameof(channels));
        Height = Positive(height, nameof(height));
        Width = Positive(width, nameof(width));
        IsVector = isVector;
        long count = Saturated((long)channels * height, width);
        if (count > int.MaxValue)
            throw new SizeException($"A volume of {channels}x{height}x{width} has more than {SizeException.Limit} values; expected fewer.");
    }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    /// <summary>Whether this is N features without spatial extent, such as the output of a fully connected layer or a flatten.</summary>
    public bool IsVector { get; }

    /// <summary>Pixels of one channel.</summary>
    public int Area => Height * Width;

    /// <summary>Values of one sample.</summary>
    public int Count => Channels * Height * Width;

    /// <summary>The dimensions for JSON and files: [C, H, W], or [N] for a vector.</summary>
    public int[] Dimensions => IsVector ? [Channels] : [Channels, Height, Width];

    /// <exception cref="SizeException">It has more values than an index can count.</exception>
    public static Shape Volume(int channels, int height, int width) => new(channels, height, width, isVector: false);

    public static Shape Vector(int features) => new(features, 1, 1, isVector: true);

    /// <summary>Reads <c>CxHxW</c> (for example <c>3x224x224</c>) or a feature count.</summary>
    public static bool TryParse(string text, out Shape shape)
    {
        shape = default;
        string[] parts = text.Split('x', 'X');
        var sizes = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
            if (!int.TryParse(parts[i], out sizes[i]) || sizes[i] <= 0 || sizes[i] > 1 << 20) return false;
        if (parts.Length is not (1 or 3)) return false;
        long count = 1;
        foreach (int size in sizes) count *= size;
        if (count > int.MaxValue) return false;
        shape = parts.Length == 1 ? Vector(sizes[0]) : Volume(sizes[0], sizes[1], sizes[2]);
        return true;
    }

    public override string ToString() => IsVector ? $"{Channels}" : $"{Channels}x{Height}x{Width}";

    private static long Saturated(long a, int b) => a > int.MaxValue ? long.MaxValue : a * b;

    private static int Positive(int value, string name) =>
        value > 0 ? value : throw new ArgumentOutOfRangeException(name, value, "The extents of a shape must be positive.");
}

/// <summary>A volume, a parameter or a batch has more values than an index can count.</summary>
public sealed class SizeException(string message) : GpuCnnException(message)
{
    /// <summary>The largest count, for messages.</summary>
    public const string Limit = "2,147,483,647";
}
