using System.Globalization;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Ranks that are joined by the MPI library of the system. All its calls come from one thread (<see cref="MpiThread"/>); callers hand over
/// operations and wait. Other ranks are watched (<see cref="RankWatch"/>), so that one that dies ends the waits of all.
/// </summary>
internal sealed unsafe class Mpi : Communicator
{
    private readonly MpiThread _thread;
    private readonly Gathering _gathering = new();
    private readonly Spread _broadcast = new();
    private readonly string _version;

    private nint _collectives, _control;
    private RankPlace[] _places = [];
    private RankWatch? _watch;
    private RankMessages? _messages;
    private IDisposable? _witness;
    private int _localRank, _localSize;
    private long _begun;
    private bool _isDisposed;

    private Mpi(MpiThread thread, string version, int rank, int size, IDisposable? witness) =>
        (_thread, _version, Rank, Size, _witness) = (thread, version, rank, size, witness);

    public override int Rank { get; }

    public override int Size { get; }

    public override int LocalRank => _localRank;

    public override int LocalSize => _localSize;

    public override string Description
    {
        get
        {
            int hosts = _places.Select(place => place.Host).Distinct().Count();
            return string.Create(CultureInfo.InvariantCulture, $"{_version}: {Size} ranks on {hosts} host{(hosts == 1 ? "" : "s")}");
        }
    }

    /// <summary>Communicators of the two exchanges of sums.</summary>
    internal nint Spreading { get; private set; }

    internal nint Collecting { get; private set; }

    /// <summary>Sums that callers began; set by callers.</summary>
    internal long SumsBegun { get; set; }

    /// <summary>Sums whose first exchange, and whose second, has begun; set by the thread of MPI.</summary>
    internal long SumsSpread { get; set; }

    internal long SumsCollected { get; set; }

    /// <summary>
    /// Joins the ranks. <see cref="Communicator.Alone"/> where the library knows of one process and the launcher does not say.
    /// </summary>
    /// <param name="onStage">Told what is done, for tests.</param>
    /// <exception cref="MpiUnavailableException">There is no MPI library, or it is not the launcher's.</exception>
    /// <exception cref="RankLostException">
    /// Another rank has ended meanwhile. The thread of MPI may wait for it forever, so this process has to end too.
    /// </exception>
    public static Communicator Join(Launch launch, Action<JoinStage>? onStage = null)
    {
        // Libraries install handlers of crashes, some as soon as they are loaded; the runtime needs its own.
        var handlers = CrashHandlers.Capture();
        (MpiApi api, string file) = MpiLibrary.Load(launch, Environment.GetEnvironmentVariable);
        var thread = new MpiThread(api);
        bool isAlone = launch.LocalSize == 1;
        IDisposable? witness = isAlone || RankWitness.IsNeeded(Environment.GetEnvironmentVariable)
            ? RankWatch.StartWitness(RankPlace.Own().Describe(launch.Rank)) : null;
        using JoinWatch? watch = isAlone ? null : new(launch, speaks: witness is null, thread.Fail);
        onStage?.Invoke(JoinStage.Started);
        int rank = 0, size = 0;
        string version = "";
        try
        {
            thread.Do(Initialize);
        }
        catch (RankLostException)
        {
            // Another rank is the one to speak of.
            witness?.Dispose();
            throw;
        }
        if (size == 1 || (launch.Size is { } expected && expected != size))
        {
            witness?.Dispose();
            thread.DoLast(() => api.Finalize(), TimeSpan.FromSeconds(5));
            if (launch.Size is null) return Alone;
            string reason = launch.Launcher == Launcher.Torchrun
                ? "processes for MPI are started by mpirun or srun."
                : $"it is not the launcher's library. Use the mpirun of {version}, or name the launcher's library in "
                    + $"{MpiLibrary.Variable}.";
            throw new MpiUnavailableException($"{launch.Started}, but {version} ('{file}') finds {size}: {reason}");
        }
        onStage?.Invoke(JoinStage.Initialized);
        var mpi = new Mpi(thread, version, rank, size, witness);
        try
        {
            mpi.Meet(launch);
            return mpi;
        }
        catch (MpiCallException failure)
        {
            mpi._witness?.Dispose();
            throw watch?.WaitForLoss() ?? new RankLostException(
                $"Rank {rank} on host {Environment.MachineName} cannot join the others: {failure.Message}", -1, isSpeaker: true);
        }
        catch (RankLostException)
        {
            // Another rank is the one to speak of.
            mpi._witness?.Dispose();
            throw;
        }

        void Initialize()
        {
            int level = 0;
            api.Check(api.InitThread(null, null, MpiApi.Funneled, &level), "MPI_Init_thread");
            handlers.Restore();
            int number = 0;
            api.Check(api.CommRank(api.World, &number), "MPI_Comm_rank");
            rank = number;
            api.Check(api.CommSize(api.World, &number), "MPI_Comm_size");
            size = number;
            version = api.Version();
            api.Check(api.CommSetErrhandler(api.World, api.ErrorsReturn), "MPI_Comm_set_errhandler");
        }
    }

    public override string Describe(int rank) => _places[rank].Describe(rank);

    public override void Broadcast(Span<byte> values, int root = 0)
    {
        if (values.IsEmpty) return;
        fixed (byte* address = values)
        {
            _broadcast.Use(address, values.Length, root, _collectives);
            Post(_broadcast);
            _broadcast.Wait();
        }
    }

    public override void AllGather(ReadOnlySpan<byte> own, Span<byte> all)
    {
        if ((long)own.Length * Size != all.Length)
            throw new ArgumentException($"{Size} times {own.Length} bytes need as many, but got {all.Length}.", nameof(all));
        if (own.IsEmpty) return;
        // Libraries refuse values that lie within the result, but for their own place.
        own.CopyTo(all[(Rank * own.Length)..]);
        fixed (byte* address = all)
        {
            _gathering.Use(address, own.Length, _collectives);
            Post(_gathering);
            _gathering.Wait();
        }
    }

    public override RankSum CreateSum(int count) => new MpiSum(this, count);

    public override void Abort(string message)
    {
        _watch?.Dispose();
        // The launcher kills the rank that speaks too: it goes first.
        if (Loss is { IsSpeaker: false }) Thread.Sleep(1000);
        _thread.DoLast(() =>
        {
            if (_messages is { } messages && Loss is null)
            {
                messages.Tell(RankMessages.Kind.Failure, 0, message).WaitUntilSent();
                // Others look at their messages ten times a second.
                Thread.Sleep(200);
            }
            _witness?.Dispose();
            _ = _thread.Api.Abort(_thread.Api.World, 1);
        }, TimeSpan.FromSeconds(3));
    }

    /// <summary>
    /// Leaves the others in good order, when all of them leave. If one of them is lost instead, or goes on with what needs this one, that
    /// ends all without a wait.
    /// </summary>
    public override void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        try
        {
            if (Loss is null)
            {
                using var leaving = new Leaving(this);
                _watch!.IsLeaving = true;
                _thread.Post(leaving, -1);
                leaving.Wait();
            }
        }
        catch (GpuCnnException)
        {
            // Another rank is lost. Whoever waits for it has been told.
        }
        _watch?.Dispose();
        _witness?.Dispose();
        bool isOrderly = Loss is null && !_watch!.HasWaited;
        _thread.DoLast(() =>
        {
            if (!isOrderly) return;
            _messages!.Close();
            _ = _thread.Api.Finalize();
        }, TimeSpan.FromSeconds(5));
        base.Dispose();
    }

    internal void Post(MpiOperation operation)
    {
        _thread.Post(operation, _begun);
        _begun++;
    }

    internal void LoseRank(RankLostException loss) => Lose(loss);

    /// <summary>Whether this rank tells the ranks of other hosts of a loss, though it does not speak to the user.</summary>
    internal bool TellsLoss { get; set; }

    internal void TakeMessages() => _thread.BeatNow();

    protected override void OnLosing(RankLostException loss) => _thread.Fail(loss);

    private void Meet(Launch launch)
    {
        MpiApi api = _thread.Api;
        _thread.Do(() =>
        {
            _collectives = Duplicate(api);
            Spreading = Duplicate(api);
            Collecting = Duplicate(api);
            _control = Duplicate(api);
        });
        RankPlace own = RankPlace.Own();
        _places = [.. Enumerable.Repeat(own, Size)];
        own = own with { HasWitness = _witness is not null };
        _places = [.. AllGatherTexts(own.ToString()).Select(RankPlace.Parse)];
        int[] onHost = [.. Enumerable.Range(0, Size).Where(rank => _places[rank].Host == own.Host)];
        _localRank = launch.LocalRank ?? Array.IndexOf(onHost, Rank);
        _localSize = launch.LocalSize ?? onHost.Length;
        if (onHost.Length == 1) _witness ??= RankWatch.StartWitness(Describe(Rank));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _witness?.Dispose();
        _watch = new RankWatch(this, _places);
        _messages = new RankMessages(api, _control, Rank, Size) { OnMessage = _watch.OnMessage };
        _thread.OnFailure = _watch.OnFailure;
        _thread.Do(_messages.Open);
        _thread.OnBeat = () =>
        {
            _messages.Take();
            _watch.Beat(_messages, _thread);
        };
        _thread.OnFailed = () =>
        {
            // Ranks of other hosts would notice only when they hear nothing.
            if (Loss is { } loss && (loss.IsSpeaker || TellsLoss))
                _messages.Tell(RankMessages.Kind.Loss, loss.Rank, loss.Message, except: loss.Rank).WaitUntilSent();
        };
        _watch.Start();
        // No rank leaves before all watch each other.
        Barrier();
    }

    private static nint Duplicate(MpiApi api)
    {
        nint copy = 0;
        api.Check(api.CommDup(api.World, &copy), "MPI_Comm_dup");
        return copy;
    }

    /// <summary>What a rank has done to join the others.</summary>
    internal enum JoinStage { Started, Initialized }

    private sealed class Gathering : MpiOperation
    {
        private byte* _all;
        private int _length;
        private nint _communicator, _request;
        private bool _isBegun;

        public void Use(byte* all, int length, nint communicator)
        {
            _all = all;
            (_length, _communicator, _isBegun) = (length, communicator, false);
        }

        public override bool Advance(MpiApi api)
        {
            if (_isBegun) return api.IsComplete(ref _request, "MPI_Iallgather");
            _isBegun = true;
            fixed (nint* request = &_request)
                api.Check(api.Iallgather(api.InPlace, 0, api.Byte, _all, _length, api.Byte, _communicator, request), "MPI_Iallgather");
            return false;
        }
    }

    private sealed class Spread : MpiOperation
    {
        private byte* _values;
        private int _length, _root;
        private nint _communicator, _request;
        private bool _isBegun;

        public void Use(byte* values, int length, int root, nint communicator)
        {
            _values = values;
            (_length, _root, _communicator, _isBegun) = (length, root, communicator, false);
        }

        public override bool Advance(MpiApi api)
        {
            if (_isBegun) return api.IsComplete(ref _request, "MPI_Ibcast");
            _isBegun = true;
            fixed (nint* request = &_request)
                api.Check(api.Ibcast(_values, _length, api.Byte, _root, _communicator, request), "MPI_Ibcast");
            return false;
        }
    }

    /// <summary>Tells all how far this rank came, and waits until all have done so.</summary>
    private sealed class Leaving(Mpi mpi) : MpiOperation
    {
        private RankMessages.Announcement? _told;
        private nint _request;

        public override bool Advance(MpiApi api)
        {
            mpi._messages!.Take();
            if (_told is null)
            {
                _told = mpi._messages.Tell(RankMessages.Kind.Leave, mpi._begun, "");
                fixed (nint* request = &_request) api.Check(api.Ibarrier(mpi._control, request), "MPI_Ibarrier");
                return false;
            }
            // Not all can be there if one of them has ended.
            return mpi._watch!.HasWaited || (api.IsComplete(ref _request, "MPI_Ibarrier") && _told.IsSent() && mpi._watch.AllLeft);
        }
    }
}
