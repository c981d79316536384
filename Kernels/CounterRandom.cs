using System.Runtime.CompilerServices;

namespace GpuCnn.Kernels;

/// <summary>
/// Random numbers as a function of (seed, stream, index). There is no state: any thread can draw any part of a sequence, and a resumed run
/// draws the same numbers. The mixing function is SplitMix64's finalizer (Steele, Lea, Flood 2014), applied to each of the three in turn.
/// </summary>
public static class CounterRandom
{
    /// <summary>SplitMix64's step from one state to the next: 2^64 by the golden ratio, made odd.</summary>
    public const ulong Increment = 0x9E3779B97F4A7C15;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong value)
    {
        value += Increment;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Key(ulong seed, ulong stream) => Mix(Mix(seed) ^ stream);

    /// <summary>Draws 64 random bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bits(ulong key, ulong index) => Mix(key ^ Mix(index));

    /// <summary>Draws uniformly from [0, 1), a multiple of 2^-24.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Uniform(ulong key, ulong index) => (int)(Bits(key, index) >> 40) * (1f / (1 << 24));

    /// <summary>Draws from the standard normal distribution by the Box-Muller transform in double precision.</summary>
    public static float Normal(ulong key, ulong index)
    {
        ulong bits = Bits(key, index);
        double radius = Math.Sqrt(-2 * Math.Log(((bits >> 32) + 0.5) / 4294967296.0));
        return (float)(radius * Math.Cos(2 * Math.PI * ((bits & 0xFFFFFFFF) / 4294967296.0)));
    }
}
