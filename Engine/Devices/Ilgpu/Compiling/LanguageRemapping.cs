using System.Reflection;
using GpuCnn.Kernels.Language;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Frontend;
using ILGPU.Frontend.Intrinsic;
using LanguageAtomic = GpuCnn.Kernels.Language.Atomic;
using LanguageGroup = GpuCnn.Kernels.Language.Group;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>
/// Replaces the C# bodies of the kernel language for ILGPU: threads, barriers, functions; checks become empty. Each nested class stands for
/// the language class that it is registered for, and its members have the names and parameters of those they replace.
/// </summary>
internal static class LanguageRemapping
{
    private static readonly Lazy<bool> Registration = new(() =>
    {
        Remap(typeof(KernelTarget), typeof(Target));
        Remap(typeof(KernelFaultException), typeof(Faults));
        Remap(typeof(AccessWatch), typeof(Watch));
        Remap(typeof(KernelThread), typeof(Arrays));
        Remap(typeof(ThreadId), typeof(Threads));
        Remap(typeof(GroupId), typeof(Groups));
        Remap(typeof(GroupSize), typeof(GroupSizes));
        Remap(typeof(GroupCount), typeof(GroupCounts));
        Remap(typeof(LanguageGroup), typeof(Barriers));
        Remap(typeof(Bits), typeof(BitCasts));
        Remap(typeof(LanguageAtomic), typeof(Atomics));
        Remap(typeof(KernelMath), typeof(MathFunctions));
        Remap(typeof(CudaMath), typeof(CudaFunctions));
        return true;
    });

    /// <summary>Registers the replacements with ILGPU once per process: its table is global and not thread-safe.</summary>
    public static void Register() => _ = Registration.Value;

    private static void Remap(Type source, Type target)
    {
        const BindingFlags Members = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        foreach (MethodInfo replacement in target.GetMethods(Members))
        {
            Type[] parameters = [.. replacement.GetParameters().Select(parameter => parameter.ParameterType)];
            MethodInfo replaced = source.GetMethod(replacement.Name, Members, parameters)
                ?? throw new MissingMethodException(source.FullName, replacement.Name);
            RemappedIntrinsics.AddRemapping(replaced, (ref InvocationContext context) => context.Method = replacement);
        }
    }

    private static class Target
    {
        public static bool IsIlgpu => true;
    }

#pragma warning disable IDE0060 // The replaced method defines the parameters.
    private static class Faults
    {
        public static void ThrowOutOfRange(int index, int length) { }

        public static void ThrowUnaligned(int index, int width) { }

        public static void CheckDivision(uint multiplier, int value) { }
    }

    private static class Watch
    {
        public static void Visit(long address, int bytes) { }
    }

    private static class Arrays
    {
        public static long TakeShared(int length, int size) => 0;

        public static long TakeLocal(int length, int size) => 0;
    }
#pragma warning restore IDE0060

    private static class Threads
    {
        public static int X => ILGPU.Group.IdxX;

        public static int Y => ILGPU.Group.IdxY;

        public static int Z => ILGPU.Group.IdxZ;
    }

    private static class Groups
    {
        public static int X => Grid.IdxX;

        public static int Y => Grid.IdxY;

        public static int Z => Grid.IdxZ;
    }

    private static class GroupSizes
    {
        public static int X => ILGPU.Group.DimX;

        public static int Y => ILGPU.Group.DimY;

        public static int Z => ILGPU.Group.DimZ;
    }

    private static class GroupCounts
    {
        public static int X => Grid.DimX;

        public static int Y => Grid.DimY;

        public static int Z => Grid.DimZ;
    }

    private static class Barriers
    {
        public static void Barrier() => ILGPU.Group.Barrier();
    }

    private static class BitCasts
    {
        public static int ToInt32(float value) => (int)Interop.FloatAsInt(value);

        public static uint ToUInt32(float value) => Interop.FloatAsInt(value);

        public static float ToSingle(int bits) => Interop.IntAsFloat((uint)bits);

        public static float ToSingle(uint bits) => Interop.IntAsFloat(bits);
    }

    private static class Atomics
    {
        public static int Add(View<int> view, int index, int value) => ILGPU.Atomic.Add(ref view[index], value);

        public static uint Add(View<uint> view, int index, uint value) => ILGPU.Atomic.Add(ref view[index], value);

        public static int Min(View<int> view, int index, int value) => ILGPU.Atomic.Min(ref view[index], value);

        public static uint Min(View<uint> view, int index, uint value) => ILGPU.Atomic.Min(ref view[index], value);

        public static int Max(View<int> view, int index, int value) => ILGPU.Atomic.Max(ref view[index], value);

        public static uint Max(View<uint> view, int index, uint value) => ILGPU.Atomic.Max(ref view[index], value);

        public static int And(View<int> view, int index, int value) => ILGPU.Atomic.And(ref view[index], value);

        public static uint And(View<uint> view, int index, uint value) => ILGPU.Atomic.And(ref view[index], value);

        public static int Or(View<int> view, int index, int value) => ILGPU.Atomic.Or(ref view[index], value);

        public static uint Or(View<uint> view, int index, uint value) => ILGPU.Atomic.Or(ref view[index], value);

        public static int Xor(View<int> view, int index, int value) => ILGPU.Atomic.Xor(ref view[index], value);

        public static uint Xor(View<uint> view, int index, uint value) => ILGPU.Atomic.Xor(ref view[index], value);

        public static int Exchange(View<int> view, int index, int value) => ILGPU.Atomic.Exchange(ref view[index], value);

        public static uint Exchange(View<uint> view, int index, uint value) => ILGPU.Atomic.Exchange(ref view[index], value);

        public static int CompareExchange(View<int> view, int index, int expected, int value) =>
            ILGPU.Atomic.CompareExchange(ref view[index], expected, value);

        public static uint CompareExchange(View<uint> view, int index, uint expected, uint value) =>
            ILGPU.Atomic.CompareExchange(ref view[index], expected, value);
    }

    private static class CudaFunctions
    {
        public static float FastExp(float x) => XMath.Exp(x);

        public static float FastDivide(float x, float y) => x / y;
    }

    /// <summary>
    /// Uses ILGPU's functions if devices round them correctly. The elementary functions use <see cref="PortableMath"/>, because XMath's PTX
    /// approximations miss the tolerances or take tables in local memory.
    /// </summary>
    private static class MathFunctions
    {
        public static float Abs(float x) => IntrinsicMath.Abs(x);

        public static float Sqrt(float x) => XMath.Sqrt(x);

        public static float ReciprocalSqrt(float x) => 1 / XMath.Sqrt(x);

        public static float Cbrt(float x) => x < 0 ? -PortableMath.Pow(-x, 1f / 3) : PortableMath.Pow(x, 1f / 3);

        public static float Exp(float x) => PortableMath.Exp(x);

        public static float Exp2(float x) => PortableMath.Pow(2, x);

        public static float Log(float x) => PortableMath.Log(x);

        public static float Log2(float x) => PortableMath.Log(x) * 1.44269504f;

        public static float Log10(float x) => PortableMath.Log(x) * 0.434294482f;

        public static float Pow(float x, float y) => PortableMath.Pow(x, y);

        public static float Sin(float x) => PortableMath.Sin(x);

        public static float Cos(float x) => PortableMath.Cos(x);

        public static float Tan(float x) => PortableMath.Tan(x);

        public static float Asin(float x) => PortableMath.Asin(x);

        public static float Acos(float x) => PortableMath.Acos(x);

        public static float Atan(float x) => PortableMath.Atan(x);

        public static float Atan2(float y, float x) => PortableMath.Atan2(y, x);

        public static float Sinh(float x) => 0.5f * (PortableMath.Exp(x) - PortableMath.Exp(-x));

        public static float Cosh(float x) => 0.5f * (PortableMath.Exp(x) + PortableMath.Exp(-x));

        public static float Tanh(float x) => PortableMath.Tanh(x);

        public static float Floor(float x) => XMath.Floor(x);

        public static float Ceiling(float x) => XMath.Ceiling(x);

        public static float Truncate(float x) => XMath.Truncate(x);

        public static float Round(float x) => XMath.RoundToEven(x);

        // ILGPU's instruction in PTX has its arguments the other way round.
        public static float CopySign(float x, float y) =>
            Interop.IntAsFloat(Interop.FloatAsInt(x) & 0x7FFFFFFF | Interop.FloatAsInt(y) & 0x80000000);

        // MultiplyAddFusion makes one operation of this.
        public static float FusedMultiplyAdd(float x, float y, float z) => x * y + z;

        // If one argument is NaN, ILGPU's functions return the other.
        public static float Max(float x, float y) => x > y || float.IsNaN(x) ? x : y;

        public static float Min(float x, float y) => x < y || float.IsNaN(x) ? x : y;

        public static float MaxNumber(float x, float y) => IntrinsicMath.Max(x, y);

        public static float MinNumber(float x, float y) => IntrinsicMath.Min(x, y);

        public static bool IsNaN(float x) => (Interop.FloatAsInt(x) & 0x7FFFFFFF) > 0x7F800000;

        public static bool IsInfinity(float x) => (Interop.FloatAsInt(x) & 0x7FFFFFFF) == 0x7F800000;

        public static bool IsFinite(float x) => (Interop.FloatAsInt(x) & 0x7F800000) != 0x7F800000;

        public static double Abs(double x) => IntrinsicMath.Abs(x);

        public static double Sqrt(double x) => XMath.Sqrt(x);

        public static double Exp(double x) => PortableMath.Exp(x);

        public static double Log(double x) => PortableMath.Log(x);

        public static double FusedMultiplyAdd(double x, double y, double z) => x * y + z;

        public static int Max(int x, int y) => IntrinsicMath.Max(x, y);

        public static int Min(int x, int y) => IntrinsicMath.Min(x, y);

        public static uint Max(uint x, uint y) => IntrinsicMath.Max(x, y);

        public static uint Min(uint x, uint y) => IntrinsicMath.Min(x, y);

        public static long Max(long x, long y) => IntrinsicMath.Max(x, y);

        public static long Min(long x, long y) => IntrinsicMath.Min(x, y);

        public static int PopCount(uint x) => IntrinsicMath.BitOperations.PopCount(x);

        public static int LeadingZeroCount(uint x) => IntrinsicMath.BitOperations.LeadingZeroCount(x);
    }
}
