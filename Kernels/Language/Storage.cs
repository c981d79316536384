namespace GpuCnn.Kernels.Language;

/// <summary>IEEE 754 half precision, for storage: 1 sign, 5 exponent and 10 fraction bits. Arithmetic is done in float.</summary>
public readonly record struct Float16(ushort Bits)
{
    public static implicit operator float(Float16 value) => (float)BitConverter.UInt16BitsToHalf(value.Bits);

    /// <summary>Rounds to the nearest, ties to even.</summary>
    public static explicit operator Float16(float value) => new(BitConverter.HalfToUInt16Bits((Half)value));
}

/// <summary>The upper half of a float, for storage: 1 sign, 8 exponent and 7 fraction bits. Arithmetic is done in float.</summary>
public readonly record struct BFloat16(ushort Bits)
{
    public static implicit operator float(BFloat16 value) => BitConverter.UInt32BitsToSingle((uint)value.Bits << 16);

    /// <summary>Rounds to the nearest, ties to even; a NaN stays one.</summary>
    public static explicit operator BFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return new((ushort)(bits >> 16 | 0x40));
        return new((ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16));
    }
}
