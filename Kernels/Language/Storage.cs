namespace GpuCnn.Kernels.Language;

/// <summary>IEEE 754 half precision, for storage: 1 sign, 5 exponent and 10 fraction bits. Arithmetic is done in float.</summary>
public readonly record struct Float16(ushort Bits)
{
    public static implicit operator float(Float16 value)
    {
        uint sign = (uint)(value.Bits & 0x8000) << 16, magnitude = (uint)(value.Bits & 0x7FFF);
        // The bits form a float that is too small by a factor of 2^112. Infinity and NaN have the largest exponent.
        if (magnitude >= 0x7C00) return Language.Bits.ToSingle(sign | 0x7F800000 | magnitude << 13);
        return Language.Bits.ToSingle(sign | Language.Bits.ToUInt32(Language.Bits.ToSingle(magnitude << 13) * 5.192296858534828e33f));
    }

    /// <summary>Rounds to nearest, ties to even.</summary>
    public static explicit operator Float16(float value)
    {
        uint bits = Language.Bits.ToUInt32(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
        if (magnitude > 0x7F800000) return new((ushort)(sign | 0x7E00 | magnitude >> 13 & 0x1FF));
        if (magnitude >= 0x477FF000) return new((ushort)(sign | 0x7C00));
        // Below the smallest normal number, adding 0.5 leaves the rounded multiple of 2^-24 in the lowest bits.
        if (magnitude < 0x38800000) return new((ushort)(sign | Language.Bits.ToUInt32(Language.Bits.ToSingle(magnitude)
            + 0.5f) - 0x3F000000));
        return new((ushort)(sign | magnitude - 0x38000000 + 0xFFF + (magnitude >> 13 & 1) >> 13));
    }
}

/// <summary>
/// Bfloat16, the upper half of a float, for storage: 1 sign, 8 exponent and 7 fraction bits. Arithmetic is done in float.
/// </summary>
public readonly record struct BFloat16(ushort Bits)
{
    public static implicit operator float(BFloat16 value) => Language.Bits.ToSingle((uint)value.Bits << 16);

    /// <summary>Rounds to nearest, ties to even. NaN stays NaN.</summary>
    public static explicit operator BFloat16(float value)
    {
        uint bits = Language.Bits.ToUInt32(value);
        if (KernelMath.IsNaN(value)) return new((ushort)(bits >> 16 | 0x40));
        return new((ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16));
    }
}
