using System.Reflection;
using System.Runtime.Loader;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Transformations;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>
/// A function given as C# text, `static T F(T x)`: what C# says of some values, what ILGPU says of them on an OpenCL device, and the PTX that ILGPU writes. Optimised as a release build, since the
/// shape of the branches is what matters.
/// </summary>
internal sealed class IlgpuProbe<T> : IDisposable where T : unmanaged
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Preview);

    private readonly AssemblyLoadContext _loaded = new("probe", isCollectible: false);

    private readonly MethodInfo _function, _kernel;

    public IlgpuProbe(string members)
    {
        string type = typeof(T).FullName!;
        string source = $$"""
            using System; using System.Numerics; using System.Runtime.CompilerServices; using ILGPU;
            public static unsafe partial class Probe
            {
                public static void Run(Index1D i, ArrayView<{{type}}> x, ArrayView<{{type}}> y) => y[i] = F(x[i]);
                {{members}}
            }
            """;
        MetadataReference[] references = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];
        var compilation = CSharpCompilation.Create("Probe" + Guid.NewGuid().ToString("N"), [CSharpSyntaxTree.ParseText(source, Options)], references,
            new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, optimizationLevel: Microsoft.CodeAnalysis.OptimizationLevel.Release));
        using var image = new MemoryStream();
        EmitResult result = compilation.Emit(image);
        if (!result.Success) throw new ArgumentException(string.Join("\n", result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
        image.Position = 0;
        Type probe = _loaded.LoadFromStream(image).GetType("Probe")!;
        _function = probe.GetMethod("F", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
        _kernel = probe.GetMethod("Run")!;
    }

    public T[] CSharp(T[] values)
    {
        var function = _function.CreateDelegate<Func<T, T>>();
        return [.. values.Select(function)];
    }

    public T[] OpenCl(T[] values, IBackendHook? hook = null)
    {
        OpenClName.Resolve();
        using Context context = Context.Create(builder => builder.OpenCL(_ => true).Optimize(ILGPU.OptimizationLevel.O2));
        CLDevice device = context.GetCLDevice(0);
        device.Capabilities.GetType().GetProperty("GenericAddressSpace")!.SetValue(device.Capabilities, true);
        using CLAccelerator accelerator = device.CreateCLAccelerator(context);
        EntryPointDescription entry = EntryPointDescription.FromImplicitlyGroupedKernel(_kernel);
        CompiledKernel compiled = hook is null ? accelerator.GetBackend().Compile(entry, KernelSpecialization.Empty) : accelerator.GetBackend().Compile(entry, KernelSpecialization.Empty, hook);
        Source = ((ILGPU.Backends.OpenCL.CLCompiledKernel)compiled).Source;
        using Kernel kernel = accelerator.LoadAutoGroupedKernel(compiled);
        var launch = kernel.CreateLauncherDelegate<Action<AcceleratorStream, Index1D, ArrayView<T>, ArrayView<T>>>();
        using MemoryBuffer1D<T, Stride1D.Dense> x = accelerator.Allocate1D(values), y = accelerator.Allocate1D<T>(values.Length);
        launch(accelerator.DefaultStream, values.Length, x.View, y.View);
        accelerator.Synchronize();
        return y.GetAsArray1D();
    }

    public string Source { get; private set; } = "";

    public string Ptx(IBackendHook? hook = null)
    {
        using Context context = Context.Create(builder => builder.CPU(CPUDevice.Default).Optimize(ILGPU.OptimizationLevel.O2).PTXBackend(PTXBackendMode.Enhanced));
        using var backend = new PTXBackend(context, new CudaCapabilityContext(CudaArchitecture.SM_80), CudaArchitecture.SM_80, CudaInstructionSet.ISA_80, null);
        EntryPointDescription entry = EntryPointDescription.FromImplicitlyGroupedKernel(_kernel);
        var compiled = (PTXCompiledKernel)(hook is null ? backend.Compile(entry, KernelSpecialization.Empty) : backend.Compile(entry, KernelSpecialization.Empty, hook));
        return compiled.PTXAssembly;
    }

    public void Dispose() { }
}

/// <summary>Runs ILGPU's own unrolling pass, which is public but in no pipeline of 1.5.3, before the backend's passes.</summary>
internal sealed class UnrollHook(int factor = 32, int rounds = 4) : IBackendHook
{
    public void FinishedCodeGeneration(IRContext context, Method entryPoint) { }

    public void InitializedKernelContext(IRContext kernelContext, Method kernelMethod)
    {
        for (int round = 0; round < rounds; round++)
        {
            Transformer.Builder builder = Transformer.CreateBuilder(TransformerConfiguration.Empty);
            builder.Add(new LoopUnrolling(factor));
            builder.Add(new UnreachableCodeElimination());
            builder.Add(new DeadCodeElimination());
            builder.Add(new SimplifyControlFlow());
            kernelContext.Transform(builder.ToTransformer());
        }
    }

    public void OptimizedKernelContext(IRContext kernelContext, Method kernelMethod) { }
}
