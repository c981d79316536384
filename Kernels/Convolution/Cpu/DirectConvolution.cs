using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>Border of zeros around the planes of a buffer.</summary>
internal readonly record struct Border(int Top, int Bottom, int Left, int Right)
{
    public bool IsEmpty => Top == 0 && Bottom == 0 && Left == 0 && Right == 0;
}

/// <summary>
/// One phase of the backward pass to the input. With stride s, input pixels whose positions are equal modulo s see the same taps of the
/// filter. Their gradient is a convolution, with stride 1, of the output's gradient with those taps alone.
/// </summary>
/// <param name="Taps">Taps of the filter that this phase uses, in the order of the turned filter.</param>
/// <param name="Problem">Convolution of the padded output gradient with the turned filter.</param>
internal sealed record BackwardInputPhase(int[] Taps, PixelProblem Problem);

/// <summary>Backward pass to the input.</summary>
/// <param name="Border">Zeros that all phases together need around the output's gradient.</param>
/// <param name="PaddedCount">Floats in the whole batch's output gradient with its border.</param>
internal sealed record BackwardInput(Border Border, long PaddedCount, BackwardInputPhase[] Phases);

/// <summary>
/// Direct convolution on the CPU layout: the sizes and offsets of the forward pass, the filter's gradient and the input's gradient, derived
/// once from the shape. The input lies in channel blocks, or channels-last (an image or another volume of few channels). In a channels-last
/// input a row of the filter covers S * C contiguous floats.
/// </summary>
internal sealed class DirectConvolution
{
    private readonly ConvolutionShape _shape;
    private readonly int _images, _vectorWidth, _outputChannels;
    private readonly ChannelGroups _groups;

    /// <param name="outputChannels">
    /// Channels of the volume in which the forward pass writes a slice, or 0 if it writes the whole volume.
    /// </param>
    public DirectConvolution(ConvolutionShape shape, int images, bool channelsLast, int vectorWidth, int outputChannels = 0)
    {
        if (channelsLast && shape.Groups != 1)
            throw new ArgumentException("A grouped convolution reads channel blocks, but got a channels-last input.", nameof(channelsLast));
        _shape = shape;
        _images = images;
        _vectorWidth = vectorWidth;
        _outputChannels = outputChannels == 0 ? shape.K : outputChannels;
        _groups = ChannelGroups.Of(shape);
        ChannelsLast = channelsLast;
        Filter = channelsLast
            ? new(1, shape.S * shape.C, shape.R, shape.S * shape.C, shape.K, vectorWidth)
            : new(_groups.Count, _groups.InputChannels, shape.R * shape.S, Blocks.Size, _groups.OutputChannels, vectorWidth);
        InputBorder = new(shape.PadH, shape.PadH, shape.PadW, shape.PadW);
        InputFloatsPerPixel = channelsLast ? shape.C : Blocks.Size;
        InputPlanes = channelsLast ? 1 : Blocks.Count(shape.C);
    }

    public bool ChannelsLast { get; }

    public FilterLayout Filter { get; }

    public ConvolutionShape Shape => _shape;

    /// <summary>Groups as they are computed, after merging.</summary>
    public ChannelGroups Groups => _groups;

    public int InputFloatsPerPixel { get; }

    /// <summary>Number of planes in one image of the input.</summary>
    public int InputPlanes { get; }

    /// <summary>Border of zeros that the forward pass needs around the input.</summary>
    public Border InputBorder { get; }

    /// <summary>Number of floats in the whole batch's input with its border.</summary>
    public long PaddedInputCount => (long)_images * InputPlanes * PaddedPlane(_shape.H, _shape.W, InputBorder, InputFloatsPerPixel);

    public PixelProblem Forward => field ??= MakeForward();

    public FilterGradientProblem Gradient => field ??= MakeGradient();

    /// <summary>
    /// Returns the index in the packed filter of the weight of filter k at input channel c (of its group), row r, column s.
    /// </summary>
    public int IndexOf(int k, int c, int r, int s)
    {
        if (ChannelsLast) return Filter.IndexOf(0, k, s * _shape.C + c, r);
        int perGroup = _shape.K / _shape.Groups, original = k / perGroup, group = original / _groups.Merged;
        int channel = original % _groups.Merged * (_shape.C / _shape.Groups) + c;
        return Filter.IndexOf(group, k - group * _groups.OutputChannels, channel, r * _shape.S + s);
    }

    /// <summary>Whether this is a fully connected layer: one pixel and one tap.</summary>
    public bool IsProduct => !ChannelsLast && _shape is { H: 1, W: 1, R: 1, S: 1, PadH: 0, PadW: 0, Groups: 1 };

    /// <summary>
    /// Whether the input's gradient is scattered from columns instead of convolved. With a single block of input channels the convolution's
    /// strips would be narrow, and much of its work would be on the border.
    /// </summary>
    public bool ScattersInputGradient =>
        !ChannelsLast && _groups.Count == 1 && _shape.C <= Blocks.Size && Filter.Taps is > 1 and <= ScatterInputGradient.MostTaps;

    /// <summary>Derives the backward pass to the input.</summary>
    public BackwardInput MakeBackwardInput()
    {
        if (ChannelsLast) throw new InvalidOperationException("The input of a channels-last convolution has no gradient.");
        (int h, int w, int r, int s, int strideH, int strideW) = (_shape.H, _shape.W, _shape.R, _shape.S, _shape.StrideH, _shape.StrideW);
        int top = 0, bottom = 0, left = 0, right = 0;
        for (int phase = 0; phase < strideH; phase++)
            Reach(h, r, strideH, _shape.PadH, _shape.OutputHeight, phase, ref top, ref bottom);
        for (int phase = 0; phase < strideW; phase++)
            Reach(w, s, strideW, _shape.PadW, _shape.OutputWidth, phase, ref left, ref right);
        var border = new Border(top, bottom, left, right);

        int rowFloats = (left + _shape.OutputWidth + right) * Blocks.Size;
        int plane = (top + _shape.OutputHeight + bottom) * rowFloats;
        var phases = new List<BackwardInputPhase>();
        for (int phaseH = 0; phaseH < strideH; phaseH++)
            for (int phaseW = 0; phaseW < strideW; phaseW++)
            {
                int[] rows = Members(h, _shape.PadH, strideH, phaseH), columns = Members(w, _shape.PadW, strideW, phaseW);
                if (rows.Length == 0 || columns.Length == 0) continue;
                var taps = new List<int>();
                var offsets = new List<int>();
                // The last tap comes first, so that memory is read in ascending order.
                for (int i = (r - 1 - phaseH) / strideH; i >= 0 && phaseH < r; i--)
                    for (int j = (s - 1 - phaseW) / strideW; j >= 0 && phaseW < s; j--)
                    {
                        int tapR = phaseH + i * strideH, tapS = phaseW + j * strideW;
                        taps.Add(tapR * s + tapS);
                        offsets.Add(-i * rowFloats - j * Blocks.Size);
                    }
                var layout = new FilterLayout(
                    _groups.Count, _groups.OutputChannels, taps.Count, Blocks.Size, _groups.InputChannels, _vectorWidth);
                int pixels = rows.Length * columns.Length;
                int group = PixelChunks.ImagesPerGroup(_images, pixels, layout);
                var map = new PixelMap(group, pixels,
                    pixel => ((rows[pixel / columns.Length] + _shape.PadH) / strideH + top) * rowFloats
                        + ((columns[pixel % columns.Length] + _shape.PadW) / strideW + left) * Blocks.Size,
                    Blocks.Count(_shape.K) * plane,
                    pixel => (rows[pixel / columns.Length] * w + columns[pixel % columns.Length]) * Blocks.Size,
                    Blocks.Count(_shape.C) * h * w * Blocks.Size);
                phases.Add(new([.. taps], new(_images, map, layout, Pin(offsets), plane, h * w * Blocks.Size)));
            }
        return new(border, (long)_images * Blocks.Count(_shape.K) * plane, [.. phases]);
    }

    private PixelProblem MakeForward()
    {
        int rowFloats = (_shape.W + 2 * _shape.PadW) * InputFloatsPerPixel;
        int plane = (_shape.H + 2 * _shape.PadH) * rowFloats;
        int group = PixelChunks.ImagesPerGroup(_images, _shape.OutputArea, Filter);
        var map = new PixelMap(group, _shape.OutputArea,
            pixel => pixel / _shape.OutputWidth * _shape.StrideH * rowFloats
                + pixel % _shape.OutputWidth * _shape.StrideW * InputFloatsPerPixel,
            checked(InputPlanes * plane),
            pixel => pixel * Blocks.Size,
            checked(Blocks.Count(_outputChannels) * _shape.OutputArea * Blocks.Size));
        return new(_images, map, Filter, Pin(TapOffsets(rowFloats)), plane, _shape.OutputArea * Blocks.Size);
    }

    private FilterGradientProblem MakeGradient()
    {
        int rowFloats = (_shape.W + 2 * _shape.PadW) * InputFloatsPerPixel;
        int plane = (_shape.H + 2 * _shape.PadH) * rowFloats;
        int[] taps = TapOffsets(rowFloats);
        var offsets = new int[Filter.Rows];
        for (int tap = 0; tap < taps.Length; tap++)
            for (int channel = 0; channel < Filter.Channels; channel++)
                offsets[Filter.Row(channel, tap)] = channel / Filter.Lanes * plane + taps[tap] + channel % Filter.Lanes;
        return new(_images, _shape.OutputHeight, _shape.OutputWidth, Filter, Pin(offsets),
            InputPlanes * plane, _shape.StrideH * rowFloats, _shape.StrideW * InputFloatsPerPixel, Filter.BlocksPerGroup * plane,
            Blocks.Count(_shape.K) * _shape.OutputArea * Blocks.Size, _shape.OutputArea * Blocks.Size);
    }

    private int[] TapOffsets(int rowFloats)
    {
        if (ChannelsLast) return [.. Enumerable.Range(0, _shape.R).Select(r => r * rowFloats)];
        return [.. Enumerable.Range(0, _shape.R * _shape.S).Select(tap => tap / _shape.S * rowFloats + tap % _shape.S * Blocks.Size)];
    }

    /// <summary>Lists the input positions whose taps are phase, phase + stride, …</summary>
    private static int[] Members(int extent, int pad, int stride, int phase) =>
        [.. Enumerable.Range(0, extent).Where(position => (position + pad) % stride == phase)];

    /// <summary>Widens the border so that a phase's taps stay inside it.</summary>
    private static void Reach(int extent, int taps, int stride, int pad, int outputs, int phase, ref int before, ref int after)
    {
        int[] members = Members(extent, pad, stride, phase);
        if (members.Length == 0 || phase >= taps) return;
        int steps = (taps - 1 - phase) / stride;
        before = Math.Max(before, steps - (members[0] + pad) / stride);
        after = Math.Max(after, (members[^1] + pad) / stride - (outputs - 1));
    }

    private static long PaddedPlane(int height, int width, Border border, int floatsPerPixel) =>
        (long)(border.Top + height + border.Bottom) * (border.Left + width + border.Right) * floatsPerPixel;

    private static int[] Pin(IReadOnlyList<int> values)
    {
        int[] pinned = GC.AllocateUninitializedArray<int>(values.Count, pinned: true);
        for (int i = 0; i < values.Count; i++) pinned[i] = values[i];
        return pinned;
    }
}
