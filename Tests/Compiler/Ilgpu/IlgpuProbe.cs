using System.Reflection;
using System.Text;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using BuildLevel = Microsoft.CodeAnalysis.OptimizationLevel;

namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>
/// Evaluates functions given as C# text, each with a <c>static T F(T x)</c>, in C# and with ILGPU on an OpenCL device, and shows the PTX
/// that ILGPU writes. They are built as a release by this test's C# compiler, because ILGPU's translation of a condition depends on the
/// branches that the compiler chose.
/// </summary>
internal sealed class IlgpuProbe<T> where T : unmanaged
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Preview);

    private static readonly Lazy<MetadataReference[]> References = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path))]);

    private readonly Type[] _types;

    private readonly MethodInfo _all;

    public IlgpuProbe(IReadOnlyList<string> members)
    {
        string source = Source(typeof(T).FullName!, members);
        var compilation = CSharpCompilation.Create(
            "Probe" + Guid.NewGuid().ToString("N"), [CSharpSyntaxTree.ParseText(source, Options)], References.Value,
            new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, optimizationLevel: BuildLevel.Release));
        using var image = new MemoryStream();
        EmitResult result = compilation.Emit(image);
        if (!result.Success) throw new ArgumentException(string.Join("\n", result.Diagnostics));
        Assembly assembly = Assembly.Load(image.ToArray());
        _types = [.. members.Select((_, i) => assembly.GetType("F" + i)!)];
        _all = assembly.GetType("All")!.GetMethod("Run")!;
    }

    /// <returns>The results of each function.</returns>
    public T[][] CSharp(T[] values) => [.. _types.Select(type =>
    {
        var function = type.GetMethod("F")!.CreateDelegate<Func<T, T>>();
        return values.Select(function).ToArray();
    })];

    /// <summary>All functions in one kernel, on the first OpenCL device.</summary>
    /// <returns>The results of each function.</returns>
    public T[][] OpenCl(T[] values, IBackendHook? hook = null)
    {
        OpenClName.Resolve();
        using Context context = Context.Create(builder => builder.OpenCL(_ => true).Optimize(ILGPU.OptimizationLevel.O2));
        CLDevice device = context.GetCLDevice(0);
        // PoCL 3.1 does not report a generic address space. No kernel needs one at O2, because every pointer has a space of its own. The
        // setter is not public.
        device.Capabilities.GetType().GetProperty("GenericAddressSpace")!.SetValue(device.Capabilities, true);
        using CLAccelerator accelerator = device.CreateCLAccelerator(context);
        CompiledKernel compiled = Compile(accelerator.GetBackend(), _all, hook);
        using Kernel kernel = accelerator.LoadAutoGroupedKernel(compiled);
        var launch = kernel.CreateLauncherDelegate<Action<AcceleratorStream, Index1D, ArrayView<T>, ArrayView<T>>>();
        using MemoryBuffer1D<T, Stride1D.Dense> x = accelerator.Allocate1D(values);
        using MemoryBuffer1D<T, Stride1D.Dense> y = accelerator.Allocate1D<T>(values.Length * _types.Length);
        launch(accelerator.DefaultStream, values.Length, x.View, y.View);
        accelerator.Synchronize();
        return [.. y.GetAsArray1D().Chunk(values.Length)];
    }

    /// <summary>The PTX that ILGPU writes for one function; needs no device.</summary>
    public string Ptx(int function, IBackendHook? hook = null)
    {
        using Context context = Context.Create(builder => builder.CPU(CPUDevice.Default).Optimize(ILGPU.OptimizationLevel.O2));
        CudaArchitecture architecture = CudaArchitecture.SM_80;
        using var backend = new PTXBackend(context, new CudaCapabilityContext(architecture), architecture, CudaInstructionSet.ISA_80, null);
        return ((PTXCompiledKernel)Compile(backend, _types[function].GetMethod("Run")!, hook)).PTXAssembly;
    }

    private static CompiledKernel Compile(Backend backend, MethodInfo method, IBackendHook? hook)
    {
        EntryPointDescription entry = EntryPointDescription.FromImplicitlyGroupedKernel(method);
        return hook is null ? backend.Compile(entry, KernelSpecialization.Empty) : backend.Compile(entry, KernelSpecialization.Empty, hook);
    }

    /// <summary>The source of a class and a kernel per function, and of a kernel that calls all.</summary>
    private static string Source(string type, IReadOnlyList<string> members)
    {
        string parameters = $"Index1D i, ArrayView<{type}> x, ArrayView<{type}> y";
        var source = new StringBuilder("using System; using System.Numerics; using System.Runtime.CompilerServices;\n");
        source.AppendLine("using System.Runtime.InteropServices; using ILGPU; using GpuCnn.Kernels.Language;");
        for (int i = 0; i < members.Count; i++)
        {
            string function = members[i].Replace("static T F(T x)", $"public static {type} F({type} x)", StringComparison.Ordinal);
            source.AppendLine($"public static unsafe class F{i} {{ public static void Run({parameters}) => y[i] = F(x[i]); {function} }}");
        }
        source.AppendLine($"public static class All {{ public static void Run({parameters}) {{ {type} v = x[i];");
        for (int i = 0; i < members.Count; i++) source.AppendLine($"y[i + {i} * x.Length] = F{i}.F(v);");
        return source.Append("} }").ToString();
    }
}
