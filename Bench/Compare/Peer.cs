using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using GpuCnn.Bench.Workloads;
using GpuCnn.Engine;

namespace GpuCnn.Bench.Compare;

/// <summary>The peer's result for an operation that it prepared.</summary>
/// <param name="Samples">Its result at the requested positions.</param>
/// <param name="Seconds">Duration of a run, after warm-up.</param>
/// <param name="Setting">Its fastest setting, if several were tried.</param>
internal sealed record PeerResult(double[] Samples, double Seconds, string? Setting);

/// <summary>PyTorch in a process of its own, which waits for its standard input while our side runs.</summary>
internal sealed class Peer : IDisposable
{
    private const string PythonVariable = "GPUCNN_PYTHON";

    private readonly Process _process;

    /// <param name="threads">Number of threads.</param>
    /// <param name="gpu">Name of the GPU to compute on; null for the processor.</param>
    /// <param name="index">Index of the GPU, if several have that name.</param>
    /// <exception cref="GpuCnnException">Python, PyTorch or the GPU in PyTorch is missing.</exception>
    public Peer(int threads, string? gpu = null, int index = 0)
    {
        string python = Environment.GetEnvironmentVariable(PythonVariable) is { Length: > 0 } chosen ? chosen : "/usr/bin/python3";
        var start = new ProcessStartInfo(python, ["-B", Path.Combine(AppContext.BaseDirectory, "peers", "peer.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        // torch.set_num_threads does not reach every BLAS.
        foreach (string variable in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS" })
            start.Environment[variable] = $"{threads}";
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new GpuCnnException(
                $"The comparison needs Python with PyTorch, but {python} cannot be started ({exception.Message}); set {PythonVariable}.",
                exception);
        }
        try
        {
            JsonObject question = new() { ["threads"] = threads };
            if (gpu is not null)
            {
                question["gpu"] = gpu;
                question["index"] = index;
            }
            Description = (string)Ask(question)["text"]!;
        }
        catch (GpuCnnException exception)
        {
            Dispose();
            throw new GpuCnnException(
                $"The comparison needs PyTorch in {python}, but {exception.Message}; install torch there or set {PythonVariable}.",
                exception);
        }
    }

    public string Description { get; }

    /// <summary>Prepares and warms up an operation.</summary>
    public PeerResult Prepare(Workload workload, IEnumerable<long> positions)
    {
        JsonObject request = workload.Request();
        request["positions"] = new JsonArray([.. positions.Select(position => (JsonNode)position)]);
        JsonNode answer = Ask(request);
        return new(Numbers(answer["samples"]!), (double)answer["seconds"]!, (string?)answer["setting"]);
    }

    /// <summary>Seconds of each run of the prepared operation.</summary>
    public double[] Run(int repetitions) => Numbers(Ask(new() { ["repetitions"] = repetitions })["seconds"]!);

    /// <summary>Seconds per run of the prepared operation, with all repetitions given to the device one after another.</summary>
    public double RunTogether(int repetitions) => (double)Ask(new() { ["together"] = repetitions })["seconds"]!;

    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The process has ended, together with its last request.
        }
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5))) _process.Kill();
        _process.Dispose();
    }

    private JsonNode Ask(JsonObject request)
    {
        string? line;
        try
        {
            _process.StandardInput.WriteLine(request.ToJsonString());
            _process.StandardInput.Flush();
            line = _process.StandardOutput.ReadLine();
        }
        catch (IOException)
        {
            line = _process.StandardOutput.ReadLine();
        }
        JsonNode answer = line is null ? throw new GpuCnnException("the Python process ended") : JsonNode.Parse(line)!;
        return answer["error"] is { } error ? throw new GpuCnnException(error.ToString()) : answer;
    }

    private static double[] Numbers(JsonNode array) => array.Deserialize<double[]>()!;
}
