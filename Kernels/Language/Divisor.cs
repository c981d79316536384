using System.Numerics;

namespace GpuCnn.Kernels.Language;

/// <summary>
/// A divisor that is known before the launch, made on the host and passed to a kernel like a number: devices divide integers by some twenty instructions, and by this with one
/// multiplication and two shifts. Exact for all values from 0 on.
/// </summary>
/// <remarks>
/// With s = ceil(log2 d), m = ceil(2^(31 + s) / d) has 32 bits and exceeds the quotient it stands for by less than one 2^31st part, which no value below 2^31 notices (Granlund and
/// Montgomery 1994).
/// </remarks>
public readonly struct Divisor
{
    public readonly uint Multiplier;

    public readonly int Shift;

    /// <summary>The number that is divided by.</summary>
    public readonly int Value;

    /// <param name="value">1 or more.</param>
    public Divisor(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
        Value = value;
        Shift = 32 - BitOperations.LeadingZeroCount((uint)value - 1);
        Multiplier = (uint)(((1UL << (31 + Shift)) + (uint)value - 1) / (uint)value);
    }

    /// <param name="value">0 or more.</param>
    public int Divide(int value)
    {
        KernelFaultException.CheckDivision(Multiplier, value);
        return (int)(KernelMath.MultiplyHigh((uint)value << 1, Multiplier) >> Shift);
    }

    /// <param name="value">0 or more.</param>
    public int Remainder(int value) => value - Divide(value) * Value;
}
