using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Groups as a grouped convolution computes them. Channel blocks are 8 wide, so neighbouring groups are merged until their input and output
/// channels fill whole blocks. The filter of a merged group is dense, with zeros that connect no original group to another. A depthwise
/// convolution merges 8 groups, or all of them if 8 does not divide their number.
/// </summary>
internal readonly record struct ChannelGroups(int Count, int InputChannels, int OutputChannels, int Merged)
{
    public static ChannelGroups Of(ConvolutionShape shape)
    {
        int inputs = shape.C / shape.Groups, outputs = shape.K / shape.Groups;
        if (shape.Groups == 1) return new(1, inputs, outputs, 1);
        int merged = 1;
        while (merged < shape.Groups
            && (merged * inputs % Blocks.Size != 0 || merged * outputs % Blocks.Size != 0 || shape.Groups % merged != 0))
            merged++;
        return new(shape.Groups / merged, merged * inputs, merged * outputs, merged);
    }

    public bool HasStructuralZeros => Merged > 1;
}
