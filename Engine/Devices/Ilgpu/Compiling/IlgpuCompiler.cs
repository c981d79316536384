using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text;
using GpuCnn.Engine.Files;
using GpuCnn.Kernels.Language;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.IR;
using ILGPU.Runtime;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>
/// Compiles kernels to text with ILGPU, with an instance's constants built in. Thread-safe: each thread uses its own ILGPU context. Results
/// are kept on disk.
/// </summary>
/// <param name="cache">Keeps texts for later processes.</param>
/// <param name="unrolls">Whether loops are unrolled; otherwise local arrays may be memory.</param>
/// <param name="verifies">Whether ILGPU checks its intermediate language after every pass; for tests.</param>
internal sealed class IlgpuCompiler(IlgpuTarget target, BinaryCache cache, bool unrolls = true, bool verifies = false) : IDisposable
{
    private static readonly string Versions = string.Join('\n',
        new[] { typeof(Context), typeof(ILGPU.Algorithms.XMath), typeof(IKernel), typeof(IlgpuCompiler) }.Select(type =>
            type.Module.ModuleVersionId.ToString()));

    private readonly ConcurrentBag<Workshop> _idle = [];
    private bool _isDisposed;
    private int _builds;

    /// <summary>Kernels compiled and not found in the cache.</summary>
    public int Builds => _builds;

    /// <summary>Returns the text that identifies an instance's variant of a kernel.</summary>
    public static string Variant<TKernel>(in TKernel kernel) where TKernel : struct, IKernel
    {
        var constants = new KernelConstants();
        kernel.WriteConstants(constants);
        return string.Create(CultureInfo.InvariantCulture, $"{TKernel.Text.Name} {kernel.GroupShape}\n{constants}");
    }

    /// <summary>Describes a kernel to ILGPU: a method that runs it, and the threads of a group.</summary>
    public static (EntryPointDescription Entry, KernelSpecialization Specialization) Describe<TKernel>(in TKernel kernel)
        where TKernel : struct, IKernel
    {
        MethodInfo entry = TKernel.Text.Entry ?? throw new NotSupportedException($"Kernel {TKernel.Text.Name} has no entry for ILGPU.");
        return (EntryPointDescription.FromExplicitlyGroupedKernel(entry), new KernelSpecialization(kernel.GroupShape.Count, null));
    }

    /// <summary>Refuses a kernel with instructions that ILGPU does not have.</summary>
    /// <exception cref="KernelBuildException">The kernel needs CUDA C.</exception>
    public static void Check<TKernel>() where TKernel : struct, IKernel
    {
        if (!TKernel.Text.NeedsCudaC) return;
        throw new KernelBuildException(
            $"Kernel {TKernel.Text.Name}: it uses warps, matrix units or asynchronous copies, which ILGPU does not have. "
            + "The devices cuda-c and debug run it.", TKernel.Text.Name, "");
    }

    /// <summary>Returns the text for a device's driver to compile.</summary>
    /// <exception cref="KernelBuildException">ILGPU cannot compile the kernel; the message says why.</exception>
    public string Compile<TKernel>(in TKernel kernel) where TKernel : struct, IKernel
    {
        Check<TKernel>();
        BinaryKey key = BinaryKey.Of(Variant(kernel), target.Identity, Versions, Modules(typeof(TKernel)), unrolls ? "unrolled" : "rolled");
        if (cache.Read(key) is { } known) return Encoding.UTF8.GetString(known);
        string text = Build(kernel);
        cache.Write(key, Encoding.UTF8.GetBytes(text));
        return text;
    }

    public void Dispose()
    {
        _isDisposed = true;
        while (_idle.TryTake(out Workshop? workshop)) workshop.Dispose();
    }

    /// <summary>Returns the builds of the assemblies that define the kernel and its type arguments.</summary>
    private static string Modules(Type kernel) =>
        string.Join(' ', kernel.GetGenericArguments().Prepend(kernel).Select(type => type.Module.ModuleVersionId.ToString()));

    private string Build<TKernel>(in TKernel kernel) where TKernel : struct, IKernel
    {
        if (!_idle.TryTake(out Workshop? workshop)) workshop = new Workshop(target, verifies);
        try
        {
            (EntryPointDescription entry, KernelSpecialization specialization) = Describe(kernel);
            Method method = workshop.Backend.PreCompileKernelMethod(entry);
            using IRContext context = method.ExtractToContext(out Method body);
            Method specialized = KernelSpecializer.Specialize(context, body, kernel, kernel.GroupShape);
            context.Optimize();
            string text = target.TextOf(workshop.Backend.Compile(specialized, entry, specialization,
                new KernelPasses(unrolls, target.IsOpenCl)));
            Interlocked.Increment(ref _builds);
            if (_isDisposed) workshop.Dispose();
            else _idle.Add(workshop);
            return text;
        }
        catch (Exception exception)
        {
            // After a failure, every use of an ILGPU context fails.
            workshop.Dispose();
            throw Refusal(TKernel.Text.Name, exception);
        }
    }

    private static KernelBuildException Refusal(string kernel, Exception exception)
    {
        Exception cause = exception;
        while (cause.InnerException is { } inner) cause = inner;
        string reason = string.Join(' ',
            cause.Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return new KernelBuildException(
            $"Kernel {kernel}: ILGPU cannot compile it: {reason.TrimEnd('.')}. The devices cuda-c and opencl-c work without ILGPU.",
            kernel, exception.ToString())
        { Dialect = KernelDialect.Cuda };
    }

    /// <summary>An ILGPU context and its code generator, for one thread at a time.</summary>
    private sealed class Workshop : IDisposable
    {
        private readonly Context _context;

        public Workshop(IlgpuTarget target, bool verifies)
        {
            _context = IlgpuSetup.CreateContext(builder =>
            {
                if (verifies) builder.Verify();
            });
            Backend = target.CreateBackend(_context);
        }

        public Backend Backend { get; }

        public void Dispose()
        {
            Backend.Dispose();
            _context.Dispose();
        }
    }
}
