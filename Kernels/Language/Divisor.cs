using System.Numerics;

namespace GpuCnn.Kernels.Language;

/// <summary>
/// Divisor known before the launch, computed on the host and passed to a kernel as a number. It replaces an integer division, about twenty
/// instructions on a device, by one multiplication and two shifts. Exact for all values from 0 on.
/// </summary>
/// <remarks>
/// With s = ceil(log2 d), the multiplier m = ceil(2^(31 + s) / d) fits 32 bits. It exceeds 2^(31 + s) / d by a relative error below 2^-31,
/// which changes no quotient of a value below 2^31 (Granlund and Montgomery 1994).
/// </remarks>
public readonly struct Divisor
{
    public readonly uint Multiplier;

    public readonly int Shift;

    /// <summary>The divisor itself.</summary>
    public readonly int Value;

    /// <param name="value">1 or more.</param>
    public Divisor(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
        Value = value;
        Shift = 32 - BitOperations.LeadingZeroCount((uint)value - 1);
        Multiplier = (uint)(((1UL << (31 + Shift)) + (uint)value - 1) / (uint)value);
    }

    /// <summary>Divides and rounds down.</summary>
    /// <param name="value">0 or more.</param>
    public int Divide(int value)
    {
        KernelFaultException.CheckDivision(Multiplier, value);
        return (int)(KernelMath.MultiplyHigh((uint)value << 1, Multiplier) >> Shift);
    }

    /// <summary>Computes the remainder of the division.</summary>
    /// <param name="value">0 or more.</param>
    public int Remainder(int value) => value - Divide(value) * Value;
}
