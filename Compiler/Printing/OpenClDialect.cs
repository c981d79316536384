using GpuCnn.Compiler.Model;

namespace GpuCnn.Compiler.Printing;

/// <summary>OpenCL C 1.2: no generic address space, no subgroups; double only in kernels that use it.</summary>
internal static partial class Dialects
{
    private const string OpenClHelper = "static inline";

    public static Dialect OpenCl { get; } = new()
    {
        Name = "opencl",
        DoubleHeader = "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n",
        Entry = "__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void",
        Helper = OpenClHelper,
        Types = new Dictionary<Scalar, string>
        {
            [Scalar.Void] = "void",
            [Scalar.Bool] = "bool",
            [Scalar.SByte] = "char",
            [Scalar.Byte] = "uchar",
            [Scalar.Short] = "short",
            [Scalar.UShort] = "ushort",
            [Scalar.Int] = "int",
            [Scalar.UInt] = "uint",
            [Scalar.Long] = "long",
            [Scalar.ULong] = "ulong",
            [Scalar.Float] = "float",
            [Scalar.Double] = "double",
            [Scalar.Float16] = "ushort",
            [Scalar.BFloat16] = "ushort",
            [Scalar.Float2] = "float2",
            [Scalar.Float4] = "float4",
        },
        Spaces = new Dictionary<Space, string> { [Space.Global] = "__global ", [Space.Shared] = "__local ", [Space.Local] = "" },
        Restrict = " restrict",
        // A buffer has no address on the host, and a sub-buffer must begin at a multiple of up to 512 bytes.
        ViewOffset = "long",
        Arrays = new Dictionary<Space, string>
        {
            [Space.Shared] = "__local {0} {1}[{2}] __attribute__((aligned(16)))",
            [Space.Local] = "{0} {1}[{2}] __attribute__((aligned(16)))",
        },
        LaunchedShared = null,
        ThreadIndices = new Dictionary<ThreadIndex, string>
        {
            [ThreadIndex.ThreadId] = "(int)get_local_id({1})",
            [ThreadIndex.GroupId] = "(int)get_group_id({1})",
            [ThreadIndex.GroupSize] = "GROUP_SIZE_{2}",
            [ThreadIndex.GroupCount] = "(int)get_num_groups({1})",
            [ThreadIndex.GlobalId] = "(int)get_global_id({1})",
        },
        // Fences both kinds of memory, as CUDA's barrier does.
        Barrier = "barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)",
        StructLiteral = "({0}){{{1}}}",
        StructZero = "0",
        VectorLiteral = "({0})({1})",
        FloatBits = "as_float(0x{0})",
        DoubleBits = "as_double(0x{0}L)",
        LongSuffix = "L",
        MasksShiftCounts = true,
        Conversions = new Dictionary<(Scalar, Scalar), string>
        {
            [(Scalar.Float, Scalar.Int)] = "gcnn_float_to_int({0})",
            [(Scalar.Float, Scalar.UInt)] = "gcnn_float_to_uint({0})",
            [(Scalar.Float, Scalar.Long)] = "gcnn_float_to_long({0})",
            [(Scalar.Float, Scalar.ULong)] = "gcnn_float_to_ulong({0})",
            [(Scalar.Double, Scalar.Int)] = "gcnn_double_to_int({0})",
            [(Scalar.Double, Scalar.UInt)] = "gcnn_double_to_uint({0})",
            [(Scalar.Double, Scalar.Long)] = "gcnn_double_to_long({0})",
            [(Scalar.Double, Scalar.ULong)] = "gcnn_double_to_ulong({0})",
            [(Scalar.Float16, Scalar.Float)] = "gcnn_from_float16({0})",
            [(Scalar.Float, Scalar.Float16)] = "gcnn_to_float16({0})",
            [(Scalar.BFloat16, Scalar.Float)] = "as_float((uint)({0}) << 16)",
            [(Scalar.Float, Scalar.BFloat16)] = "gcnn_to_bfloat16({0})",
        },
        Intrinsics = new Dictionary<string, string>
        {
            ["Abs"] = "fabs({0})",
            ["Sqrt"] = "sqrt({0})",
            ["ReciprocalSqrt"] = "rsqrt({0})",
            ["Cbrt"] = "cbrt({0})",
            ["Exp"] = "exp({0})",
            ["Exp2"] = "exp2({0})",
            ["Log"] = "log({0})",
            ["Log2"] = "log2({0})",
            ["Log10"] = "log10({0})",
            ["Pow"] = "pow({0}, {1})",
            ["Sin"] = "sin({0})",
            ["Cos"] = "cos({0})",
            ["Tan"] = "tan({0})",
            ["Asin"] = "asin({0})",
            ["Acos"] = "acos({0})",
            ["Atan"] = "atan({0})",
            ["Atan2"] = "atan2({0}, {1})",
            ["Sinh"] = "sinh({0})",
            ["Cosh"] = "cosh({0})",
            ["Tanh"] = "tanh({0})",
            ["Floor"] = "floor({0})",
            ["Ceiling"] = "ceil({0})",
            ["Truncate"] = "trunc({0})",
            ["Round"] = "rint({0})",
            ["CopySign"] = "copysign({0}, {1})",
            ["FusedMultiplyAdd"] = "fma({0}, {1}, {2})",
            ["Remainder"] = "fmod({0}, {1})",
            ["Max"] = "gcnn_max({0}, {1})",
            ["Min"] = "gcnn_min({0}, {1})",
            ["MaxNumber"] = "fmax({0}, {1})",
            ["MinNumber"] = "fmin({0}, {1})",
            ["MaxInteger"] = "max({0}, {1})",
            ["MinInteger"] = "min({0}, {1})",
            ["IsNaN"] = "(isnan({0}) != 0)",
            ["IsInfinity"] = "(isinf({0}) != 0)",
            ["IsFinite"] = "(isfinite({0}) != 0)",
            ["MultiplyHigh"] = "mul_hi({0}, {1})",
            ["DivisorDivide"] = "gcnn_divide({1}, {0}.Multiplier, {0}.Shift)",
            ["DivisorRemainder"] = "gcnn_remainder({1}, {0}.Multiplier, {0}.Shift, {0}.Value)",
            ["PopCount"] = "(int)popcount({0})",
            ["LeadingZeroCount"] = "(int)clz({0})",
            ["ToInt32"] = "as_int({0})",
            ["ToUInt32"] = "as_uint({0})",
            ["ToSingle"] = "as_float({0})",
            ["Load2"] = "*(const {space}float2*)&{0}[{1}]",
            ["Load4"] = "*(const {space}float4*)&{0}[{1}]",
            ["Store2"] = "*({space}float2*)&{0}[{1}] = {2}",
            ["Store4"] = "*({space}float4*)&{0}[{1}] = {2}",
            ["StoreUpper"] = "(({space}ushort*){0})[{1}] = (ushort)(as_uint({2}) >> 16)",
            ["AtomicAdd"] = "atomic_add(&{0}[{1}], {2})",
            ["AtomicMin"] = "atomic_min(&{0}[{1}], {2})",
            ["AtomicMax"] = "atomic_max(&{0}[{1}], {2})",
            ["AtomicAnd"] = "atomic_and(&{0}[{1}], {2})",
            ["AtomicOr"] = "atomic_or(&{0}[{1}], {2})",
            ["AtomicXor"] = "atomic_xor(&{0}[{1}], {2})",
            ["AtomicExchange"] = "atomic_xchg(&{0}[{1}], {2})",
            ["AtomicCompareExchange"] = "atomic_cmpxchg(&{0}[{1}], {2}, {3})",
        },
        Support = new Dictionary<string, string>
        {
            ["gcnn_max"] = NaNKeeping(OpenClHelper, "gcnn_max", "fmax"),
            ["gcnn_divide"] = Division(OpenClHelper, "gcnn_divide", "", "uint", "mul_hi", ""),
            ["gcnn_remainder"] = Division(OpenClHelper, "gcnn_remainder", ", int divisor", "uint", "mul_hi", "value - divisor * "),
            ["gcnn_min"] = NaNKeeping(OpenClHelper, "gcnn_min", "fmin"),
            ["gcnn_float_to_int"] = ToInteger("float", "int"),
            ["gcnn_float_to_uint"] = ToInteger("float", "uint"),
            ["gcnn_float_to_long"] = ToInteger("float", "long"),
            ["gcnn_float_to_ulong"] = ToInteger("float", "ulong"),
            ["gcnn_double_to_int"] = ToInteger("double", "int"),
            ["gcnn_double_to_uint"] = ToInteger("double", "uint"),
            ["gcnn_double_to_long"] = ToInteger("double", "long"),
            ["gcnn_double_to_ulong"] = ToInteger("double", "ulong"),
            // Pointers to half precision need no extension; values do.
            ["gcnn_from_float16"] = OpenClHelper + " float gcnn_from_float16(ushort x)\n{\n    return vload_half(0, (const half*)&x);\n}\n",
            ["gcnn_to_float16"] = OpenClHelper + " ushort gcnn_to_float16(float x)\n{\n    ushort y;\n" +
                "    vstore_half_rte(x, 0, (half*)&y);\n    return y;\n}\n",
            ["gcnn_to_bfloat16"] = ToBFloat16(OpenClHelper, "ushort", "uint", "as_uint(x)"),
        },
        VectorSupport = null,
        Reserved = new HashSet<string>((CReserved +
            " uchar ushort uint ulong global local constant private generic kernel read_only write_only read_write pipe image1d_t " +
            "image2d_t image3d_t sampler_t event_t queue_t mix step smoothstep dot cross length distance normalize sign select radians " +
            "degrees barrier vload4 vstore4 hypot ldexp fract any all M_PI INFINITY NAN MAXFLOAT").Split(' ')),
    };

    /// <summary>A conversion that saturates and turns NaN into 0, which OpenCL recommends but drivers do not all do.</summary>
    private static string ToInteger(string from, string to) => OpenClHelper + " " + to + " gcnn_" + from + "_to_" + to + "(" + from
        + " x)\n{\n    return x != x ? 0 : convert_" + to + "_sat_rtz(x);\n}\n";
}
