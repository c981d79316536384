using GpuCnn.Engine;

namespace GpuCnn.Explanations;

/// <summary>A value that makes windows fit without a remainder, and the output that it gives.</summary>
public readonly record struct FittingValue(int Value, int Output);

/// <summary>
/// Windows of a convolution or a pooling along one axis of a map: output = floor((input - extent + 2 padding) / stride) + 1 with extent =
/// dilation (size - 1) + 1. With <see cref="CeilMode"/> the quotient is rounded up, but no window starts past the padded input's end
/// (PyTorch's rule).
/// </summary>
public sealed record WindowAxis
{
    /// <summary>Largest number that an axis takes, as of a <see cref="Engine.Tensors.Shape"/> that is read from text.</summary>
    public const int Largest = 1 << 20;

    private const int ShownValues = 4;

    /// <exception cref="GpuCnnException">A number is out of its range, or the window is larger than the padded input.</exception>
    public WindowAxis(int input, int size, int stride, int padding, int dilation = 1, bool ceilMode = false)
    {
        Check(nameof(input), input, 1);
        Check("window", size, 1);
        Check(nameof(stride), stride, 1);
        Check(nameof(padding), padding, 0);
        Check(nameof(dilation), dilation, 1);
        (Input, Size, Stride, Padding, Dilation, CeilMode) = (input, size, stride, padding, dilation, ceilMode);
        if (Span < 0 && !(ceilMode && Span > -stride))
            throw new GpuCnnException($"A window of {Extent} pixels{(dilation > 1 ? $" ({size} at a dilation of {dilation})" : "")} is "
                + $"larger than the padded input of {PaddedInput} ({input} + 2*{padding}); expected a padded input of at least {Extent} "
                + "pixels.");
        long outputs = (ceilMode ? (Span + stride - 1) / stride : Span / stride) + 1;
        Output = (int)(ceilMode && (outputs - 1) * stride >= input + padding ? outputs - 1 : outputs);
    }

    /// <summary>Pixels of the map.</summary>
    public int Input { get; }

    /// <summary>Pixels that a window reads.</summary>
    public int Size { get; }

    public int Stride { get; }

    /// <summary>Zeros on each side of the map.</summary>
    public int Padding { get; }

    /// <summary>Distance of the pixels that a window reads.</summary>
    public int Dilation { get; }

    public bool CeilMode { get; }

    /// <summary>Number of windows.</summary>
    public int Output { get; }

    /// <summary>Pixels from the first to the last that a window reads.</summary>
    public long Extent => (long)Dilation * (Size - 1) + 1;

    public long PaddedInput => Input + 2L * Padding;

    /// <summary>Pixels that the first window can move: what the stride divides.</summary>
    public long Span => PaddedInput - Extent;

    /// <summary>Whether the last window ends where the padded input ends.</summary>
    public bool Fits => Span >= 0 && Span % Stride == 0;

    /// <summary>Pixels of the padded input after the last window, which no window reads.</summary>
    public int LeftOver => (int)Math.Max(0, PaddedInput - End);

    /// <summary>Pixels of the map itself, not of its padding, after the last window.</summary>
    public int LeftOverPixels => Math.Max(0, LeftOver - Padding);

    /// <summary>Pixels by which the last window reaches past the padded input, in ceil mode.</summary>
    public int Overhang => (int)Math.Max(0, End - PaddedInput);

    /// <summary>Padding with which a stride of 1 keeps the size; null for windows of an even extent, for which there is none.</summary>
    public int? SamePadding => Extent % 2 == 1 ? (int)((Extent - 1) / 2) : null;

    private long End => (Output - 1L) * Stride + Extent;

    /// <summary>Strides that fit with this padding, the smallest first and at most four.</summary>
    public IReadOnlyList<FittingValue> FittingStrides => Span < 0 ? []
        : Span == 0 ? [new(1, 1)]
        : [.. Enumerable.Range(1, (int)Math.Min(Span, Input)).Where(stride => Span % stride == 0).Take(ShownValues)
            .Select(stride => new FittingValue(stride, (int)(Span / stride) + 1))];

    /// <summary>
    /// Paddings that fit with this stride, the smallest first and at most four. None where the stride is even and input and window differ
    /// by an odd number, because both sides are padded alike.
    /// </summary>
    public IReadOnlyList<FittingValue> FittingPaddings => Fitting(
        Enumerable.Range(0, (int)Math.Min(Extent, Largest)), padding => Input + 2L * padding);

    /// <summary>The inputs nearest to this one that fit, one of at most this size and one larger.</summary>
    public IReadOnlyList<FittingValue> FittingInputs
    {
        get
        {
            int past = (int)(((Span % Stride) + Stride) % Stride);
            return Fitting([Input - past, Input - past + Stride], input => input + 2L * Padding);
        }
    }

    /// <summary>Whether a window reads a pixel.</summary>
    /// <param name="window">From 0.</param>
    /// <param name="pixel">Position in the padded input, from 0.</param>
    public bool Reads(int window, long pixel)
    {
        long offset = pixel - (long)window * Stride;
        return offset >= 0 && offset < Extent && offset % Dilation == 0;
    }

    /// <summary>Counts the windows that read a pixel of the padded input.</summary>
    public int Reads(long pixel)
    {
        int count = 0;
        for (long window = Math.Min(pixel / Stride, Output - 1); window >= 0 && pixel - window * Stride < Extent; window--)
            if ((pixel - window * Stride) % Dilation == 0) count++;
        return count;
    }

    private FittingValue[] Fitting(IEnumerable<int> candidates, Func<int, long> padded) =>
        [.. candidates.Where(candidate => candidate >= 0 && padded(candidate) >= Extent && (padded(candidate) - Extent) % Stride == 0)
            .Where(candidate => padded(candidate) > 0).Take(ShownValues)
            .Select(candidate => new FittingValue(candidate, (int)((padded(candidate) - Extent) / Stride) + 1))];

    private static void Check(string name, int value, int least)
    {
        if (value < least || value > Largest)
            throw new GpuCnnException(
                $"Windows expect {(name is "input" ? "an" : "a")} {name} from {least} to {Largest:N0}, but got {value}.");
    }
}
