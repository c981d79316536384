using GpuCnn.Compiler.Model;

namespace GpuCnn.Compiler.Printing;

/// <summary>CUDA C++ for NVRTC, without headers.</summary>
internal static partial class Dialects
{
    internal const string CudaHelper = "static __device__ __forceinline__";

    public static Dialect Cuda { get; } = new()
    {
        Name = "cuda",
        DoubleHeader = "",
        Entry = "extern \"C\" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z)",
        Helper = CudaHelper,
        Types = new Dictionary<Scalar, string>
        {
            [Scalar.Void] = "void",
            [Scalar.Bool] = "bool",
            [Scalar.SByte] = "signed char",
            [Scalar.Byte] = "unsigned char",
            [Scalar.Short] = "short",
            [Scalar.UShort] = "unsigned short",
            [Scalar.Int] = "int",
            [Scalar.UInt] = "unsigned int",
            // 'long' has 4 bytes on some hosts.
            [Scalar.Long] = "long long",
            [Scalar.ULong] = "unsigned long long",
            [Scalar.Float] = "float",
            [Scalar.Double] = "double",
            [Scalar.Float16] = "unsigned short",
            [Scalar.BFloat16] = "unsigned short",
            [Scalar.Float2] = "float2",
            [Scalar.Float4] = "float4",
        },
        Spaces = new Dictionary<Space, string> { [Space.Global] = "", [Space.Shared] = "", [Space.Local] = "" },
        Restrict = " __restrict__",
        ViewOffset = null,
        Arrays = new Dictionary<Space, string>
        {
            [Space.Shared] = "__shared__ __align__(16) {0} {1}[{2}]",
            [Space.Local] = "__align__(16) {0} {1}[{2}]",
        },
        LaunchedShared = "extern __shared__ __align__(16) unsigned char " + Dialect.SharedName + "[]",
        ThreadIndices = new Dictionary<ThreadIndex, string>
        {
            [ThreadIndex.ThreadId] = "(int)threadIdx.{0}",
            [ThreadIndex.GroupId] = "(int)blockIdx.{0}",
            [ThreadIndex.GroupSize] = "GROUP_SIZE_{2}",
            [ThreadIndex.GroupCount] = "(int)gridDim.{0}",
            [ThreadIndex.GlobalId] = "(int)(blockIdx.{0} * GROUP_SIZE_{2} + threadIdx.{0})",
        },
        Barrier = "__syncthreads()",
        StructLiteral = "{0}{{{1}}}",
        StructZero = "",
        VectorLiteral = "make_{0}({1})",
        FloatBits = "__int_as_float(0x{0})",
        DoubleBits = "__longlong_as_double(0x{0}LL)",
        LongSuffix = "LL",
        MasksShiftCounts = false,
        Conversions = new Dictionary<(Scalar, Scalar), string>
        {
            // These saturate, as in C#. From double and to 64 bits they do not turn NaN into 0.
            [(Scalar.Float, Scalar.Int)] = "__float2int_rz({0})",
            [(Scalar.Float, Scalar.UInt)] = "__float2uint_rz({0})",
            [(Scalar.Float, Scalar.Long)] = "gcnn_float_to_long({0})",
            [(Scalar.Float, Scalar.ULong)] = "gcnn_float_to_ulong({0})",
            [(Scalar.Double, Scalar.Int)] = "gcnn_double_to_int({0})",
            [(Scalar.Double, Scalar.UInt)] = "gcnn_double_to_uint({0})",
            [(Scalar.Double, Scalar.Long)] = "gcnn_double_to_long({0})",
            [(Scalar.Double, Scalar.ULong)] = "gcnn_double_to_ulong({0})",
            [(Scalar.Float16, Scalar.Float)] = "gcnn_from_float16({0})",
            [(Scalar.Float, Scalar.Float16)] = "gcnn_to_float16({0})",
            [(Scalar.BFloat16, Scalar.Float)] = "__int_as_float((int)((unsigned int)({0}) << 16))",
            [(Scalar.Float, Scalar.BFloat16)] = "gcnn_to_bfloat16({0})",
        },
        Intrinsics = new Dictionary<string, string>
        {
            ["Abs"] = "fabs{f}({0})",
            ["Sqrt"] = "sqrt{f}({0})",
            ["ReciprocalSqrt"] = "rsqrt{f}({0})",
            ["Cbrt"] = "cbrt{f}({0})",
            ["Exp"] = "exp{f}({0})",
            ["Exp2"] = "exp2{f}({0})",
            ["Log"] = "log{f}({0})",
            ["Log2"] = "log2{f}({0})",
            ["Log10"] = "log10{f}({0})",
            ["Pow"] = "pow{f}({0}, {1})",
            ["Sin"] = "sin{f}({0})",
            ["Cos"] = "cos{f}({0})",
            ["Tan"] = "tan{f}({0})",
            ["Asin"] = "asin{f}({0})",
            ["Acos"] = "acos{f}({0})",
            ["Atan"] = "atan{f}({0})",
            ["Atan2"] = "atan2{f}({0}, {1})",
            ["Sinh"] = "sinh{f}({0})",
            ["Cosh"] = "cosh{f}({0})",
            ["Tanh"] = "tanh{f}({0})",
            ["Floor"] = "floor{f}({0})",
            ["Ceiling"] = "ceil{f}({0})",
            ["Truncate"] = "trunc{f}({0})",
            ["Round"] = "rint{f}({0})",
            ["CopySign"] = "copysign{f}({0}, {1})",
            ["FusedMultiplyAdd"] = "fma{f}({0}, {1}, {2})",
            ["Remainder"] = "fmod{f}({0}, {1})",
            ["Max"] = "gcnn_max({0}, {1})",
            ["Min"] = "gcnn_min({0}, {1})",
            ["MaxNumber"] = "fmaxf({0}, {1})",
            ["MinNumber"] = "fminf({0}, {1})",
            ["MaxInteger"] = "max({0}, {1})",
            ["MinInteger"] = "min({0}, {1})",
            ["IsNaN"] = "gcnn_is_nan({0})",
            ["IsInfinity"] = "gcnn_is_infinity({0})",
            ["IsFinite"] = "gcnn_is_finite({0})",
            ["MultiplyHigh"] = "__umulhi({0}, {1})",
            ["DivisorDivide"] = "gcnn_divide({1}, {0}.Multiplier, {0}.Shift)",
            ["DivisorRemainder"] = "gcnn_remainder({1}, {0}.Multiplier, {0}.Shift, {0}.Value)",
            ["PopCount"] = "__popc({0})",
            ["LeadingZeroCount"] = "__clz((int)({0}))",
            ["ToInt32"] = "__float_as_int({0})",
            ["ToUInt32"] = "(unsigned int)__float_as_int({0})",
            ["ToSingle"] = "__int_as_float((int)({0}))",
            ["Load2"] = "*(const float2*)&{0}[{1}]",
            ["Load4"] = "*(const float4*)&{0}[{1}]",
            ["Store2"] = "*(float2*)&{0}[{1}] = {2}",
            ["Store4"] = "*(float4*)&{0}[{1}] = {2}",
            ["StoreUpper"] = "((unsigned short*){0})[{1}] = (unsigned short)((unsigned int)__float_as_int({2}) >> 16)",
            ["WarpLane"] = "(int)((threadIdx.x + GROUP_SIZE_X * (threadIdx.y + GROUP_SIZE_Y * threadIdx.z)) & 31)",
            ["ShuffleXor"] = "__shfl_xor_sync(0xffffffffu, {0}, {1})",
            ["ShuffleDown"] = "__shfl_down_sync(0xffffffffu, {0}, {1})",
            ["MultiplyTF32"] = "gcnn_multiply_tf32({0}, {1}, {2})",
            ["MultiplyBFloat16"] = "gcnn_multiply_bf16({0}, {1}, {2})",
            ["ToTF32"] = "gcnn_to_tf32({0})",
            ["Pack"] = "gcnn_pack_bf16({0}, {1})",
            ["Load"] = "gcnn_load_matrices({0}, gcnn_shared(&{1}[{2}]))",
            ["LoadTransposed"] = "gcnn_load_transposed({0}, gcnn_shared(&{1}[{2}]))",
            ["AsyncCopyCopy4"] = "gcnn_copy4(gcnn_shared(&{0}[{1}]), &{2}[{3}], {4})",
            ["AsyncCopyCopy1"] = "gcnn_copy1(gcnn_shared(&{0}[{1}]), &{2}[{3}], {4})",
            ["AsyncCopyCommit"] = "gcnn_commit_copies()",
            ["AsyncCopyWait"] = "gcnn_wait_copies<({0})>()",
            ["AtomicAdd"] = "atomicAdd(&{0}[{1}], {2})",
            ["AtomicMin"] = "atomicMin(&{0}[{1}], {2})",
            ["AtomicMax"] = "atomicMax(&{0}[{1}], {2})",
            ["AtomicAnd"] = "atomicAnd(&{0}[{1}], {2})",
            ["AtomicOr"] = "atomicOr(&{0}[{1}], {2})",
            ["AtomicXor"] = "atomicXor(&{0}[{1}], {2})",
            ["AtomicExchange"] = "atomicExch(&{0}[{1}], {2})",
            ["AtomicCompareExchange"] = "atomicCAS(&{0}[{1}], {2}, {3})",
        },
        Support = new Dictionary<string, string>
        {
            ["gcnn_max"] = NaNKeeping(CudaHelper, "gcnn_max", "fmaxf"),
            ["gcnn_divide"] = Division(CudaHelper, "gcnn_divide", "", "unsigned int", "__umulhi", ""),
            ["gcnn_remainder"] = Division(CudaHelper, "gcnn_remainder", ", int divisor", "unsigned int", "__umulhi", "value - divisor * "),
            ["gcnn_min"] = NaNKeeping(CudaHelper, "gcnn_min", "fminf"),
            ["gcnn_is_nan"] = CudaHelper + " bool gcnn_is_nan(float x)\n{\n    return x != x;\n}\n",
            ["gcnn_is_infinity"] =
                CudaHelper + " bool gcnn_is_infinity(float x)\n{\n    return (__float_as_int(x) & 0x7fffffff) == 0x7f800000;\n}\n",
            ["gcnn_is_finite"] =
                CudaHelper + " bool gcnn_is_finite(float x)\n{\n    return (__float_as_int(x) & 0x7f800000) != 0x7f800000;\n}\n",
            ["gcnn_float_to_long"] = ToInteger("long long", "gcnn_float_to_long", "float", "__float2ll_rz"),
            ["gcnn_float_to_ulong"] = ToInteger("unsigned long long", "gcnn_float_to_ulong", "float", "__float2ull_rz"),
            ["gcnn_double_to_int"] = ToInteger("int", "gcnn_double_to_int", "double", "__double2int_rz"),
            ["gcnn_double_to_uint"] = ToInteger("unsigned int", "gcnn_double_to_uint", "double", "__double2uint_rz"),
            ["gcnn_double_to_long"] = ToInteger("long long", "gcnn_double_to_long", "double", "__double2ll_rz"),
            ["gcnn_double_to_ulong"] = ToInteger("unsigned long long", "gcnn_double_to_ulong", "double", "__double2ull_rz"),
            // The half precision type needs a header; its bits do not.
            ["gcnn_from_float16"] = CudaHelper + " float gcnn_from_float16(unsigned short x)\n{\n    float y;\n" +
                "    asm(\"cvt.f32.f16 %0, %1;\" : \"=f\"(y) : \"h\"(x));\n    return y;\n}\n",
            ["gcnn_to_float16"] = CudaHelper + " unsigned short gcnn_to_float16(float x)\n{\n    unsigned short y;\n" +
                "    asm(\"cvt.rn.f16.f32 %0, %1;\" : \"=h\"(y) : \"f\"(x));\n    return y;\n}\n",
            ["gcnn_to_bfloat16"] = ToBFloat16(CudaHelper, "unsigned short", "unsigned int", "(unsigned int)__float_as_int(x)"),
            ["gcnn_shared"] = CudaMatrixUnits.Shared,
            ["gcnn_multiply_tf32"] = CudaMatrixUnits.Multiply("gcnn_multiply_tf32", "m16n8k8", "tf32"),
            ["gcnn_multiply_bf16"] = CudaMatrixUnits.Multiply("gcnn_multiply_bf16", "m16n8k16", "bf16"),
            ["gcnn_to_tf32"] = CudaMatrixUnits.ToTF32,
            ["gcnn_pack_bf16"] = CudaMatrixUnits.Pack,
            ["gcnn_load_matrices"] = CudaMatrixUnits.Load("gcnn_load_matrices", ""),
            ["gcnn_load_transposed"] = CudaMatrixUnits.Load("gcnn_load_transposed", ".trans"),
            ["gcnn_copy4"] = CudaMatrixUnits.Copy("gcnn_copy4", "cg", 16),
            ["gcnn_copy1"] = CudaMatrixUnits.Copy("gcnn_copy1", "ca", 4),
            ["gcnn_commit_copies"] = CudaMatrixUnits.Commit,
            ["gcnn_wait_copies"] = CudaMatrixUnits.Wait,
            ["gcnn_float2_operators"] = VectorOperators("float2", "x", "y"),
            ["gcnn_float4_operators"] = VectorOperators("float4", "x", "y", "z", "w"),
        },
        VectorSupport = new Dictionary<Scalar, string>
        {
            [Scalar.Float2] = "gcnn_float2_operators",
            [Scalar.Float4] = "gcnn_float4_operators",
        },
        Reserved = new HashSet<string>((CReserved +
            " alignas alignof and and_eq bitand bitor catch char16_t char32_t class compl constexpr const_cast decltype delete " +
            "dynamic_cast explicit export false friend mutable namespace new noexcept not not_eq nullptr operator or or_eq private " +
            "protected public reinterpret_cast static_assert static_cast template this thread_local throw try typeid typename using " +
            "virtual wchar_t xor xor_eq threadIdx blockIdx blockDim gridDim warpSize dim3").Split(' ')),
    };

    private static string ToInteger(string to, string name, string from, string function) =>
        CudaHelper + " " + to + " " + name + "(" + from + " x)\n{\n    return x != x ? 0 : " + function + "(x);\n}\n";

    private static string VectorOperators(string type, params string[] fields)
    {
        string Operator(string symbol, string right, Func<string, string> operand) =>
            CudaHelper + " " + type + " operator" + symbol + "(" + type + " a, " + right + " b)\n{\n    return make_" + type + "("
            + string.Join(", ", fields.Select(field => "a." + field + " " + symbol + " " + operand(field))) + ");\n}\n";
        return Operator("+", type, field => "b." + field) + "\n" + Operator("-", type, field => "b." + field) + "\n"
            + Operator("*", type, field => "b." + field) + "\n" + Operator("*", "float", _ => "b");
    }
}
