namespace GpuCnn.Engine.Plans;

/// <summary>A precision was asked for that a device lacks, or all devices of a machine.</summary>
public sealed class UnsupportedPrecisionException : GpuCnnException
{
    /// <param name="what">Who lacks it, without a full stop.</param>
    internal UnsupportedPrecisionException(Precision precision, string what)
        : base($"{what}; {precision.Name()} needs cuda-c on an NVIDIA GPU of compute capability 8.0 or later.") => Precision = precision;

    /// <summary>The precision that is missing.</summary>
    public Precision Precision { get; }

    /// <summary>Describes a device that lacks a precision.</summary>
    internal static UnsupportedPrecisionException Of(Precision precision, string device, string description) =>
        new(precision, $"The device {device} ({description}) computes in {Precision.Float32.Name()} only");
}
